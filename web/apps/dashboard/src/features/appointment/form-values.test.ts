import "temporal-polyfill/global";
import type { Appointment, Service } from "@slotcast/realtime";
import { describe, expect, test } from "vitest";
import { errorsOf, patchOf, timesOf, valuesOfGuess, valuesOfRow, withService } from "./form-values";
import { effectiveChanges } from "./undo";

const PARIS = "Europe/Paris";

const row = {
  id: "1",
  contact_id: "c",
  customer_name: "Mara Li",
  team_member_id: "ana",
  service_id: "cut",
  start_time: "2026-11-24T08:00:00+00:00",
  end_time: "2026-11-24T08:45:00+00:00",
  notes: null,
  allow_overlap: false,
} as Appointment;

test("a form that nobody touched changes nothing", () => {
  const values = valuesOfRow(row, PARIS);
  expect(values).toMatchObject({ date: "2026-11-24", time: "09:00", minutes: "45" });
  expect(effectiveChanges(row, patchOf(values, PARIS))).toEqual({});
});

test("a guess stands in the form as the wall clock shows it", () => {
  const startMs = Date.parse("2027-03-28T07:00:00Z");
  const guess = { memberId: "ana", serviceId: "cut", startMs, endMs: startMs + 45 * 60_000 };
  expect(valuesOfGuess(guess, PARIS)).toMatchObject({
    date: "2027-03-28",
    time: "09:00",
    minutes: "45",
  });
});

describe("times on the days when clocks change", () => {
  const at = (date: string, time: string, minutes = "60") =>
    timesOf({ ...valuesOfRow(row, PARIS), date, time, minutes }, PARIS);

  test("a time that is skipped is taken as the one after the gap", () => {
    expect(at("2027-03-28", "02:30")?.start_time).toBe("2027-03-28T01:30:00Z");
  });

  test("of a time that comes twice the first one counts", () => {
    expect(at("2027-10-31", "02:30")?.start_time).toBe("2027-10-31T00:30:00Z");
  });

  test("length is real time", () => {
    expect(at("2027-10-31", "02:30", "90")?.end_time).toBe("2027-10-31T02:00:00Z");
  });
});

describe("errors", () => {
  const values = valuesOfRow(row, PARIS);

  test("nobody, no date, no length", () => {
    const empty = {
      ...values,
      customer: { kind: "new" as const, name: "  ", phone: "", email: "" },
      time: "",
      minutes: "0",
    };
    expect(errorsOf(empty)).toEqual({
      customer: "customerRequired",
      date: "dateInvalid",
      minutes: "minutesInvalid",
    });
    expect(timesOf(empty, PARIS)).toBeUndefined();
  });

  test.each(["4", "1441", "10.5", "", "abc"])("%s is no length", (minutes) => {
    expect(errorsOf({ ...values, minutes })).toEqual({ minutes: "minutesInvalid" });
  });

  test("none in a form that can be saved", () => {
    expect(errorsOf(values)).toEqual({});
  });
});

describe("another service", () => {
  const colour = {
    id: "colour",
    price_cents: 12_000,
    currency: "EUR",
    buffer_before_minutes: 0,
    buffer_after_minutes: 15,
  } as Service;

  test("brings its price and buffers", () => {
    expect(withService({ service_id: "colour" }, row, [colour])).toEqual({
      service_id: "colour",
      price_cents: 12_000,
      currency: "EUR",
      buffer_before_minutes: 0,
      buffer_after_minutes: 15,
    });
  });

  test("the same service leaves a price that was agreed on alone", () => {
    expect(withService({ service_id: "cut", notes: "x" }, row, [colour])).toEqual({
      service_id: "cut",
      notes: "x",
    });
  });
});
