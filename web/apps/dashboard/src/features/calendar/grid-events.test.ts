import "temporal-polyfill/global";
import type { Appointment, LiveRow, TeamMember } from "@slotcast/realtime";
import { describe, expect, test } from "vitest";
import { appointmentEvent, closedEvents, movedTimes, resizedEnd } from "./grid-events";

const PARIS = "Europe/Paris";
const HOUR = 3600;
const DAY = 24 * HOUR;

function row(start_time: string, end_time: string): Appointment {
  return {
    id: "1",
    team_member_id: "ana",
    service_id: null,
    customer_name: "Mara Li",
    status: "confirmed",
    start_time,
    end_time,
  } as Appointment;
}

const look = {
  services: new Map(),
  members: new Map(),
  statusLabel: (status: string) => status,
  nowMs: Date.parse("2026-11-24T12:00:00Z"),
  glowing: new Set<string>(),
  canWrite: true,
};

describe("an appointment on the grid", () => {
  test("stands at the wall time of the shown zone, whatever the reader's", () => {
    const event = appointmentEvent(
      row("2026-11-24T08:00:00Z", "2026-11-24T08:45:00Z"),
      PARIS,
      look,
    );
    expect([event.start, event.end]).toEqual(["2026-11-24 09:00:00", "2026-11-24 09:45:00"]);
  });

  test("keeps its length where the clock shows an hour twice", () => {
    const event = appointmentEvent(
      row("2027-10-31T00:30:00Z", "2027-10-31T01:15:00Z"),
      PARIS,
      look,
    );
    expect([event.start, event.end]).toEqual(["2027-10-31 02:30:00", "2027-10-31 03:15:00"]);
  });

  test("cannot be dragged while it is not saved, when it is cancelled, or by those who only look", () => {
    const at = row("2026-11-24T08:00:00Z", "2026-11-24T08:45:00Z");
    const editable = (over: object, of: LiveRow<Appointment> = at) =>
      appointmentEvent(of, PARIS, { ...look, ...over }).editable;
    expect(editable({})).toBe(true);
    expect(editable({}, { ...at, pending: "saving" })).toBe(false);
    expect(editable({ canWrite: false })).toBe(false);
    expect(editable({}, { ...at, status: "cancelled" })).toBe(false);
  });
});

describe("moving", () => {
  test("by two hours on the wall across the change to summer time is one hour of real time", () => {
    const saturdayNight = row("2027-03-28T00:30:00Z", "2027-03-28T01:15:00Z");
    expect(movedTimes(saturdayNight, PARIS, 2 * HOUR)).toEqual({
      start_time: "2027-03-28T01:30:00Z",
      end_time: "2027-03-28T02:15:00Z",
    });
  });

  test("to the next day keeps the wall time when the clocks change in between", () => {
    const moved = movedTimes(row("2027-03-27T09:00:00Z", "2027-03-27T10:00:00Z"), PARIS, DAY);
    expect(moved).toEqual({
      start_time: "2027-03-28T08:00:00Z",
      end_time: "2027-03-28T09:00:00Z",
    });
  });

  test("into the hour that Lord Howe skips half of lands after it", () => {
    const moved = movedTimes(
      row("2026-10-03T14:30:00Z", "2026-10-03T15:00:00Z"),
      "Australia/Lord_Howe",
      HOUR + 900,
    );
    expect(moved.start_time).toBe("2026-10-03T15:45:00Z");
  });

  test("an end is dragged on the wall, too", () => {
    expect(resizedEnd(row("2026-11-24T08:00:00Z", "2026-11-24T08:45:00Z"), PARIS, -900)).toBe(
      "2026-11-24T08:30:00Z",
    );
  });
});

describe("closed stretches", () => {
  const member = (id: string, time_zone: string | null = null) => ({ id, time_zone }) as TeamMember;
  const hours = (team_member_id: string, opens: string, closes: string) => ({
    team_member_id,
    weekday: 2,
    opens,
    closes,
  });
  const tuesday = { from: "2026-11-24", to: "2026-11-25" };
  const offLabel = () => "Away";
  const spans = (events: ReturnType<typeof closedEvents>) =>
    events.map(({ start, end }) => `${String(start).slice(8)}–${String(end).slice(8)}`);

  test("each member has their own columns' ones", () => {
    const data = {
      hours: [hours("ana", "09:00", "17:00"), hours("ben", "12:00", "20:00")],
      exceptions: [],
      timeOff: [],
    };
    const events = closedEvents(data, [member("ana"), member("ben")], PARIS, PARIS, tuesday, {
      columns: true,
      offLabel,
    });
    expect(spans(events)).toEqual([
      "24 00:00:00–24 09:00:00",
      "24 17:00:00–25 00:00:00",
      "24 00:00:00–24 12:00:00",
      "24 20:00:00–25 00:00:00",
    ]);
  });

  test("without columns it is closed when nobody is there", () => {
    const data = {
      hours: [hours("ana", "09:00", "12:00"), hours("ben", "12:00", "20:00")],
      exceptions: [],
      timeOff: [
        {
          id: "1",
          team_member_id: "ben",
          start_time: "2026-11-24T13:00:00Z",
          end_time: "2026-11-24T14:00:00Z",
          reason: null,
        },
      ],
    };
    const events = closedEvents(data, [member("ana"), member("ben")], PARIS, PARIS, tuesday, {
      columns: false,
      offLabel,
    });
    expect(spans(events)).toEqual([
      "24 00:00:00–24 09:00:00",
      "24 14:00:00–24 15:00:00",
      "24 20:00:00–25 00:00:00",
    ]);
  });

  test("somebody who works from another zone is open at their own hours", () => {
    const data = { hours: [hours("ana", "09:00", "17:00")], exceptions: [], timeOff: [] };
    const events = closedEvents(data, [member("ana", "Europe/London")], PARIS, PARIS, tuesday, {
      columns: true,
      offLabel,
    });
    expect(spans(events)).toEqual(["24 00:00:00–24 10:00:00", "24 18:00:00–25 00:00:00"]);
  });
});
