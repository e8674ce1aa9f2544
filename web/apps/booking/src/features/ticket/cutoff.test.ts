// @vitest-environment node
import { readyTemporal } from "@slotcast/ui/zones";
import { beforeAll, expect, test } from "vitest";
import { cutoffOf, cutoffWords } from "./cutoff";

beforeAll(readyTemporal);

const START = "2027-03-28T08:00:00Z";
const SHOP = { time_zone: "Europe/Paris", phone: null };

test("the cut-off counts real minutes, across a change of clocks too", () => {
  // Ten hours before 10:00 of the day with 23 hours is 23:00 of the day before.
  const cutoff = cutoffOf(START, 600, 0);

  expect(cutoff.until).toBe("2027-03-27T22:00:00Z");
  expect(cutoffWords(cutoff, SHOP, "en-GB").values.until).toMatch(/27 Mar.*23:00/u);
});

test("it is over after its last minute, not in it", () => {
  const last = Date.parse("2027-03-28T06:00:00Z");

  expect(cutoffOf(START, 120, last).isOver).toBe(false);
  expect(cutoffOf(START, 120, last + 1).isOver).toBe(true);
});

test("without a cut-off an appointment can be changed until it begins", () => {
  expect(cutoffOf(START, 0, Date.parse(START) - 1)).toEqual({ until: START, isOver: false });
});

test("when it is over, a shop with a phone is to be called", () => {
  const over = { until: START, isOver: true };

  expect(cutoffWords(over, SHOP, "en").key).toBe("over");
  expect(cutoffWords(over, { ...SHOP, phone: "+33 1 23" }, "en")).toMatchObject({
    key: "overCall",
    values: { phone: "+33 1 23" },
  });
  expect(cutoffWords({ ...over, isOver: false }, SHOP, "en").key).toBe("open");
});
