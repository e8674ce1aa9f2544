/**
 * Who stands in the way of an appointment, by the rule of the database: what is pending or confirmed blocks its
 * member from its buffer before to its buffer after, and ends may touch.
 */
import type { Appointment } from "@slotcast/realtime";

export interface Candidate {
  /** Absent for one that does not exist yet. */
  id?: string | undefined;
  memberId: string | null;
  startMs: number;
  endMs: number;
  bufferBeforeMinutes?: number;
  bufferAfterMinutes?: number;
}

type Blocking = Pick<
  Appointment,
  | "id"
  | "team_member_id"
  | "start_time"
  | "end_time"
  | "buffer_before_minutes"
  | "buffer_after_minutes"
  | "status"
  | "allow_overlap"
>;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** The first appointment that a candidate would overlap with. */
export function overlapping<Row extends Blocking>(
  rows: readonly Row[],
  candidate: Candidate,
): Row | undefined {
  if (candidate.memberId === null) return undefined;
  const { from, to } = blockedBy(candidate);
  return rows
    .filter(
      (row) => row.id !== candidate.id && row.team_member_id === candidate.memberId && blocks(row),
    )
    .sort((a, b) => Date.parse(a.start_time) - Date.parse(b.start_time))
    .find((row) => {
      const taken = blockedBy(ofRow(row));
      return taken.from < to && from < taken.to;
    });
}

/**
 * Starts that are free, nearest to the candidate's first.
 *
 * `isOpen` says whether a stretch lies in working hours; starts are sought `stepMinutes` apart within a day on
 * both sides and never before `notBeforeMs`.
 */
export function nearestFree<Row extends Blocking>(
  rows: readonly Row[],
  candidate: Candidate,
  options: {
    count: number;
    stepMinutes: number;
    notBeforeMs: number;
    isOpen: (startMs: number, endMs: number) => boolean;
  },
): number[] {
  const stepMs = options.stepMinutes * MINUTE_MS;
  const lengthMs = candidate.endMs - candidate.startMs;
  const found: number[] = [];
  for (let away = stepMs; away <= DAY_MS && found.length < options.count; away += stepMs) {
    for (const startMs of [candidate.startMs - away, candidate.startMs + away]) {
      if (found.length === options.count) break;
      if (startMs < options.notBeforeMs || !options.isOpen(startMs, startMs + lengthMs)) continue;
      const moved = { ...candidate, startMs, endMs: startMs + lengthMs };
      if (overlapping(rows, moved) === undefined) found.push(startMs);
    }
  }
  return found;
}

function blocks(row: Blocking): boolean {
  return (row.status === "pending" || row.status === "confirmed") && !row.allow_overlap;
}

function blockedBy(candidate: Candidate): { from: number; to: number } {
  return {
    from: candidate.startMs - (candidate.bufferBeforeMinutes ?? 0) * MINUTE_MS,
    to: candidate.endMs + (candidate.bufferAfterMinutes ?? 0) * MINUTE_MS,
  };
}

function ofRow(row: Blocking): Candidate {
  return {
    memberId: row.team_member_id,
    startMs: Date.parse(row.start_time),
    endMs: Date.parse(row.end_time),
    bufferBeforeMinutes: row.buffer_before_minutes,
    bufferAfterMinutes: row.buffer_after_minutes,
  };
}
