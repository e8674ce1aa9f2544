import type { AppointmentStatus } from "@slotcast/realtime";
import { describe, expect, test } from "vitest";
import { figuresOf } from "./figures";

const at = (time: string) => `2026-11-24T${time}:00Z`;
const NOW = Date.parse(at("10:00"));

const appointment = (time: string, status: AppointmentStatus = "confirmed") => ({
  start_time: at(time),
  status,
});

describe("today's figures", () => {
  test("count what takes or took place", () => {
    const { count } = figuresOf(
      [
        appointment("08:00", "completed"),
        appointment("09:00", "no_show"),
        appointment("11:00", "pending"),
        appointment("12:00", "cancelled"),
      ],
      NOW,
    );

    expect(count).toBe(3);
  });

  test("name what begins next, whatever the order of the rows", () => {
    const { next } = figuresOf(
      [
        appointment("15:00"),
        appointment("09:00"),
        appointment("10:30", "cancelled"),
        appointment("11:00", "pending"),
      ],
      NOW,
    );

    expect(next?.start_time).toBe(at("11:00"));
  });

  test("name nothing when the day's work is done", () => {
    expect(figuresOf([appointment("09:00")], NOW).next).toBeNull();
  });
});
