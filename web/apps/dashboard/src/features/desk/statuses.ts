/**
 * The states of an appointment, and which may follow for staff, as the database's guard sees it.
 */
import type { AppointmentStatus } from "@slotcast/realtime";

export const STATUSES = [
  "pending",
  "confirmed",
  "completed",
  "no_show",
  "cancelled",
] as const satisfies readonly AppointmentStatus[];

export type Status = (typeof STATUSES)[number];

export type StatusAction = "confirm" | "complete" | "no_show" | "cancel" | "reopen" | "restore";

export interface OfferedAction {
  action: StatusAction;
  to: Status;
}

/** Staff may correct what is closed; what is to come is neither completed nor missed yet. */
export function offeredActions(status: Status, hasBegun: boolean): OfferedAction[] {
  const afterwards: OfferedAction[] = hasBegun
    ? [
        { action: "complete", to: "completed" },
        { action: "no_show", to: "no_show" },
      ]
    : [];
  switch (status) {
    case "pending":
      return [
        { action: "confirm", to: "confirmed" },
        { action: "cancel", to: "cancelled" },
      ];
    case "confirmed":
      return [...afterwards, { action: "cancel", to: "cancelled" }];
    case "completed":
      return [
        { action: "no_show", to: "no_show" },
        { action: "reopen", to: "confirmed" },
      ];
    case "no_show":
      return [
        { action: "complete", to: "completed" },
        { action: "reopen", to: "confirmed" },
      ];
    case "cancelled":
      return [{ action: "restore", to: "confirmed" }];
  }
}
