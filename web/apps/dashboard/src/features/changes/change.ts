// What the history tells of appointments: under which heading, how loudly, and what can be taken back.
import type { Appointment, AppointmentEvent } from "@slotcast/realtime";

/** Under which heading a change is filtered, and how loudly it is told. */
export const CHANGE_KINDS = ["booked", "moved", "cancelled", "status", "edited"] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** An event of the history whose images are read as what they are: parts of appointments. */
export type Change = Omit<AppointmentEvent, "before" | "after"> & {
  /** Columns that changed as they were; the whole row of a deletion. */
  before: Partial<Appointment>;
  /** Columns that changed as they are now; the whole row of a creation. */
  after: Partial<Appointment>;
};

export function changeOf(event: AppointmentEvent): Change {
  return {
    ...event,
    before: event.before ?? {},
    after: event.after ?? {},
  };
}

export function kindOf(change: Change): ChangeKind {
  switch (change.action) {
    case "created":
      return "booked";
    case "rescheduled":
    case "reassigned":
      return "moved";
    case "deleted":
      return "cancelled";
    case "status":
      return change.after.status === "cancelled" ? "cancelled" : "status";
    case "edited":
      return "edited";
  }
}

/** Edits of notes and the like stand in the recent changes and interrupt nobody. */
export function isWorthAToast(change: Change): boolean {
  return kindOf(change) !== "edited";
}

/** Whether the loss would hurt somebody who does not notice. */
export function isLoss(change: Change): boolean {
  return kindOf(change) === "cancelled";
}

export interface ChangeFilter {
  /** Null: every kind. */
  kind: ChangeKind | null;
  /** Id of the team member in whose calendar it is; null: everybody's. */
  memberId: string | null;
}

/** A change that takes an appointment from one member to another concerns both. */
export function fits(change: Change, { kind, memberId }: ChangeFilter): boolean {
  if (kind !== null && kindOf(change) !== kind) return false;
  if (memberId === null) return true;
  return change.team_member_id === memberId || change.before.team_member_id === memberId;
}

/**
 * Whether the change may be taken back: nothing has happened to the appointment since, and the database lets
 * staff go that way.
 *
 * @param latestVersion - The appointment's version as it is known now; null when it is gone or unknown.
 */
export function canUndo(change: Change, latestVersion: number | null): boolean {
  switch (change.action) {
    case "created":
      // Cancelling says more than undoing: it is offered where the appointment is.
      return false;
    case "deleted":
      return latestVersion === null;
    default:
      return latestVersion === change.version && isReachable(change);
  }
}

const WAYS: Record<Appointment["status"], readonly Appointment["status"][]> = {
  pending: ["confirmed", "cancelled"],
  confirmed: ["pending", "completed", "cancelled", "no_show"],
  completed: ["confirmed", "no_show"],
  cancelled: ["confirmed", "pending"],
  no_show: ["confirmed", "completed"],
};

function isReachable({ before, after }: Change): boolean {
  if (before.status === undefined || after.status === undefined) return true;
  return WAYS[after.status].includes(before.status);
}
