import type { AppointmentEvent, AppointmentStatus } from "@slotcast/realtime";
import { readyTemporal } from "@slotcast/ui/zones";
import { beforeAll, describe, expect, test } from "vitest";
import { canUndo, changeOf, fits, isLoss, isWorthAToast, kindOf } from "./change";
import { en } from "./locale/en";
import { fr } from "./locale/fr";
import { type Names, sentenceOf } from "./sentence";
import { whenIn } from "./when";

const NOW = Date.parse("2026-11-23T12:00:00Z");

const names: Names = {
  member: (id) => ({ ana: "Ana", ben: "Ben" })[id ?? ""] ?? null,
  service: (id) => ({ cut: "Haircut" })[id ?? ""] ?? null,
  unknown: "?",
};

/** Mara Li's haircut with Ana, Tuesday at 14:00 in Paris. */
const event = (changed: Partial<AppointmentEvent>): AppointmentEvent => ({
  id: 1,
  appointment_id: "mara",
  workspace_id: "salon",
  customer_id: null,
  customer_name: "Mara Li",
  team_member_id: "ana",
  service_id: "cut",
  start_time: "2026-11-24T13:00:00+00:00",
  actor_id: "olga",
  actor_kind: "staff",
  actor_name: "Olga",
  action: "edited",
  version: 2,
  mutation_id: null,
  before: {},
  after: {},
  at: "2026-11-23T11:59:00Z",
  ...changed,
});

const created = (status: AppointmentStatus) =>
  event({ action: "created", before: null, after: { status } });
const moved = event({
  action: "rescheduled",
  before: { start_time: "2026-11-24T12:00:00+00:00", end_time: "2026-11-24T12:45:00+00:00" },
  after: { start_time: "2026-11-24T13:00:00+00:00", end_time: "2026-11-24T13:45:00+00:00" },
});
const status = (
  from: AppointmentStatus,
  to: AppointmentStatus,
  changed: Partial<AppointmentEvent> = {},
) => event({ action: "status", before: { status: from }, after: { status: to }, ...changed });

/** What a reader with these habits gets to read. */
function said(
  changed: AppointmentEvent,
  { zone = "Europe/Paris", locale = "en-GB", catalog = en.said as typeof fr.said } = {},
): string {
  const { key, values } = sentenceOf(changeOf(changed), names, whenIn(zone, locale, NOW));
  return catalog[key].replaceAll(
    /\{\{(\w+)\}\}/g,
    (_, name: string) => values[name] ?? `no ${name}`,
  );
}

beforeAll(readyTemporal);

describe("a change in words", () => {
  test.each([
    ["a request", created("pending"), "New request: Mara Li, Haircut, Tue 14:00 with Ana"],
    ["a booking", created("confirmed"), "New: Mara Li, Haircut, Tue 14:00 with Ana"],
    [
      "a booking of nothing and with nobody in particular",
      event({ ...created("confirmed"), service_id: null, team_member_id: null }),
      "New: Mara Li, Tue 14:00",
    ],
    ["a move within the day", moved, "Mara Li moved to Tue 14:00 (was 13:00)"],
    [
      "a move from another day",
      event({
        ...moved,
        before: { start_time: "2026-11-25T12:00:00Z" },
        after: { start_time: "2026-11-24T13:00:00Z" },
      }),
      "Mara Li moved to Tue 14:00 (was Wed 13:00)",
    ],
    [
      "a move to another member",
      event({
        ...moved,
        team_member_id: "ben",
        before: { ...moved.before, team_member_id: "ana" },
        after: { ...moved.after, team_member_id: "ben" },
      }),
      "Mara Li moved to Tue 14:00 with Ben (was 13:00)",
    ],
    [
      "another length",
      event({
        action: "rescheduled",
        before: { end_time: "2026-11-24T13:45:00Z" },
        after: { end_time: "2026-11-24T14:30:00Z" },
      }),
      "Mara Li now until 15:30 (was 14:45)",
    ],
    [
      "another member",
      event({
        action: "reassigned",
        team_member_id: "ben",
        before: { team_member_id: "ana" },
        after: { team_member_id: "ben" },
      }),
      "Mara Li, Tue 14:00, goes to Ben (was Ana)",
    ],
    [
      "that somebody takes what nobody had",
      event({ action: "reassigned", before: { team_member_id: null } }),
      "Mara Li, Tue 14:00, goes to Ana",
    ],
    [
      "that nobody has it any more",
      event({ action: "reassigned", team_member_id: null, before: { team_member_id: "ana" } }),
      "Mara Li, Tue 14:00, is with nobody now",
    ],
    ["a confirmation", status("pending", "confirmed"), "Mara Li, Tue 14:00, is confirmed"],
    ["a missed visit", status("confirmed", "no_show"), "Mara Li did not come, Tue 14:00"],
    ["a cancellation", status("confirmed", "cancelled"), "Mara Li, Tue 14:00, was cancelled"],
    [
      "a customer's own cancellation",
      status("confirmed", "cancelled", { actor_kind: "customer" }),
      "Mara Li cancelled Tue 14:00",
    ],
    [
      "another name",
      event({ before: { customer_name: "Mara" }, after: { customer_name: "Mara Li" } }),
      "Mara is called Mara Li now",
    ],
    [
      "another note",
      event({ before: { notes: null }, after: { notes: "Window seat" } }),
      "The note for Mara Li was changed",
    ],
    [
      "a deletion",
      event({ action: "deleted", before: { status: "cancelled" }, after: null }),
      "Mara Li, Tue 14:00, was deleted",
    ],
  ])("tells %s", (_, changed, words) => {
    expect(said(changed)).toBe(words);
  });

  test("has the day and the time of the reader's zone", () => {
    const late = event({ ...status("pending", "confirmed"), start_time: "2026-11-24T23:30:00Z" });

    expect(said(late, { zone: "Europe/Paris" })).toContain("Wed 00:30");
    expect(said(late, { zone: "America/New_York" })).toContain("Tue 18:30");
  });

  test("has the right hour on both sides of a clock change", () => {
    const now = Date.parse("2027-03-27T12:00:00Z");
    const { moment } = whenIn("Europe/Paris", "en-GB", now);

    expect(moment("2027-03-28T00:30:00Z")).toBe("Sun 01:30");
    expect(moment("2027-03-28T01:30:00Z")).toBe("Sun 03:30");
  });

  test("names the date once the weekday alone would mislead, and the year of another year", () => {
    const { moment } = whenIn("Europe/Paris", "en-GB", NOW);

    expect(moment("2026-11-29T13:00:00Z")).toBe("Sun 14:00");
    expect(moment("2026-11-30T13:00:00Z")).toBe("Mon 30 Nov 14:00");
    expect(moment("2027-01-12T13:00:00Z")).toBe("12 Jan 2027 14:00");
  });

  test("writes times as the reader does", () => {
    expect(said(moved, { locale: "en-US" })).toMatch(/Tue 2:00\sPM \(was 1:00\sPM\)/);
    expect(said(moved, { locale: "fr-FR", catalog: fr.said })).toBe(
      "Mara Li déplacé à mar. 14:00 (avant : 13:00)",
    );
  });

  test("names what has lost its name all the same", () => {
    const nameless = event({ ...created("confirmed"), customer_name: null, service_id: "gone" });

    expect(said(nameless)).toBe("New: ?, Tue 14:00 with Ana");
  });

  test.each(Object.keys(en.said) as (keyof typeof en.said)[])(
    "has the same places to fill in both languages: %s",
    (key) => {
      const places = (text: string) => text.match(/\{\{\w+\}\}/g)?.toSorted();

      expect(places(fr.said[key])).toEqual(places(en.said[key]));
    },
  );
});

describe("the weight of a change", () => {
  test("is that of a cancellation when an appointment is deleted", () => {
    const deleted = changeOf(event({ action: "deleted", after: null }));

    expect(kindOf(deleted)).toBe("cancelled");
    expect(isLoss(deleted)).toBe(true);
  });

  test("lets edits wait in the list", () => {
    expect(isWorthAToast(changeOf(event({ action: "edited" })))).toBe(false);
    expect(isWorthAToast(changeOf(moved))).toBe(true);
  });
});

describe("the filter", () => {
  test("finds a reassignment with either member", () => {
    const change = changeOf(
      event({ action: "reassigned", team_member_id: "ben", before: { team_member_id: "ana" } }),
    );

    expect(fits(change, { kind: null, memberId: "ana" })).toBe(true);
    expect(fits(change, { kind: null, memberId: "ben" })).toBe(true);
    expect(fits(change, { kind: null, memberId: "cleo" })).toBe(false);
  });

  test("wants both kind and member to fit", () => {
    expect(fits(changeOf(moved), { kind: "moved", memberId: "ana" })).toBe(true);
    expect(fits(changeOf(moved), { kind: "cancelled", memberId: "ana" })).toBe(false);
  });
});

describe("undoing", () => {
  test("is possible for the last change only", () => {
    expect(canUndo(changeOf(moved), 2)).toBe(true);
    expect(canUndo(changeOf(moved), 3)).toBe(false);
  });

  test("brings back what was deleted, unless it is back already", () => {
    const deleted = changeOf(event({ action: "deleted", after: null }));

    expect(canUndo(deleted, null)).toBe(true);
    expect(canUndo(deleted, 2)).toBe(false);
  });

  test("goes only where the database lets staff go", () => {
    expect(canUndo(changeOf(status("confirmed", "cancelled")), 2)).toBe(true);
    expect(canUndo(changeOf(status("cancelled", "confirmed")), 2)).toBe(true);
    expect(canUndo(changeOf(status("pending", "confirmed")), 2)).toBe(true);
    expect(canUndo(changeOf(status("no_show", "completed")), 2)).toBe(true);
    expect(canUndo(changeOf(status("completed", "pending")), 2)).toBe(false);
  });
});
