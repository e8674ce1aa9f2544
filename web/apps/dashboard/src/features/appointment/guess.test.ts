import type { Service, TeamMember } from "@slotcast/realtime";
import { describe, expect, test } from "vitest";
import { type GuessInput, guessAppointment, servicesOf } from "./guess";

const member = (id: string, over: object = {}) =>
  ({ id, user_id: null, bookable: true, ...over }) as TeamMember;
const service = (id: string, duration_minutes: number, over: object = {}) =>
  ({ id, duration_minutes, active: true, ...over }) as Service;

const MINUTE = 60_000;
const NINE = Date.parse("2026-11-24T09:00:00Z");

function input(over: Partial<GuessInput> = {}): GuessInput {
  return {
    chosenMembers: [],
    me: "nobody",
    members: [member("ana"), member("ben", { user_id: "me" })],
    services: [service("cut", 45), service("colour", 90), service("beard", 15)],
    offers: [
      { team_member_id: "ana", service_id: "cut" },
      { team_member_id: "ana", service_id: "colour" },
      { team_member_id: "ben", service_id: "cut" },
      { team_member_id: "ben", service_id: "beard" },
    ],
    rows: [],
    earliestMs: NINE,
    isFree: () => true,
    ...over,
  };
}

describe("who", () => {
  test("is whose column was drawn in", () => {
    expect(guessAppointment(input({ memberId: "ana", me: "me" })).memberId).toBe("ana");
  });

  test("is the one that the calendar is narrowed to", () => {
    expect(guessAppointment(input({ chosenMembers: ["ana"], me: "me" })).memberId).toBe("ana");
  });

  test("is the one who asks, if they can be booked", () => {
    expect(guessAppointment(input({ me: "me" })).memberId).toBe("ben");
  });

  test("is else whoever is free first", () => {
    const isFree = (id: string, startMs: number) => id === "ben" || startMs >= NINE + 60 * MINUTE;
    expect(guessAppointment(input({ isFree })).memberId).toBe("ben");
  });

  test("is nobody where nobody can be booked", () => {
    const guess = guessAppointment(input({ members: [] }));
    expect(guess.memberId).toBeNull();
    expect(guess.startMs).toBe(NINE);
  });
});

describe("what", () => {
  test("is the longest service that fits into what was drawn", () => {
    const guess = guessAppointment(input({ memberId: "ana", startMs: NINE, minutes: 60 }));
    expect(guess.serviceId).toBe("cut");
    expect(guess.endMs - guess.startMs).toBe(60 * MINUTE);
  });

  test("is what the member does most often when nothing was drawn", () => {
    const rows = [
      { team_member_id: "ana", service_id: "colour" },
      { team_member_id: "ana", service_id: "colour" },
      { team_member_id: "ana", service_id: "cut" },
      { team_member_id: "ben", service_id: "cut" },
      { team_member_id: "ben", service_id: "cut" },
    ];
    const guess = guessAppointment(input({ memberId: "ana", rows }));
    expect(guess.serviceId).toBe("colour");
    expect(guess.endMs - guess.startMs).toBe(90 * MINUTE);
  });

  test("is never what is not offered any more", () => {
    const services = [service("cut", 45, { active: false }), service("colour", 90)];
    expect(guessAppointment(input({ memberId: "ana", services })).serviceId).toBe("colour");
    expect(servicesOf(services, input().offers, "ana").map(({ id }) => id)).toEqual(["colour"]);
  });

  test("a member without services may do any", () => {
    expect(servicesOf(input().services, [], "ana")).toHaveLength(3);
  });
});

describe("when", () => {
  test("is where it was drawn, free or not", () => {
    const guess = guessAppointment(input({ startMs: NINE + 5 * MINUTE, isFree: () => false }));
    expect(guess.startMs).toBe(NINE + 5 * MINUTE);
  });

  test("is the first free quarter of an hour from now on", () => {
    const isFree = (_id: string, startMs: number) => startMs >= NINE + 30 * MINUTE;
    const guess = guessAppointment(input({ earliestMs: NINE + 1, isFree }));
    expect(guess.startMs).toBe(NINE + 30 * MINUTE);
  });

  test("is the next quarter of an hour when nothing is free for a week", () => {
    const guess = guessAppointment(input({ earliestMs: NINE + 1, isFree: () => false }));
    expect(guess.startMs).toBe(NINE + 15 * MINUTE);
  });
});
