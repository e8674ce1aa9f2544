// Which toast tells which change: changes of one row within moments share one, a burst becomes a sum.
// A pure machine: changes and the time go in, one order for the toaster comes out.
import type { Change } from "./change";

/** Changes of one row this close together are one story. */
export const SAME_ROW_MS = 3_000;
/** More than this many changes within `BURST_MS` are told as a number. */
export const BURST_COUNT = 3;
export const BURST_MS = 5_000;

export type ToastOrder =
  | { kind: "tell"; id: string; change: Change }
  /** Replaces the toasts in `instead` by one with a number. */
  | { kind: "sum"; id: string; count: number; instead: readonly string[] };

interface Told {
  id: string;
  appointmentId: string;
  atMs: number;
}

export interface ToastState {
  /** Of the last `BURST_MS`, oldest first; several may share a toast. */
  told: readonly Told[];
  burst: { id: string; count: number } | null;
  nextNumber: number;
}

export const NOTHING_TOLD: ToastState = { told: [], burst: null, nextNumber: 1 };

/**
 * Chooses the toast of a change.
 *
 * A burst goes on for as long as its changes are less than `BURST_MS` apart; a number that is on screen counts up
 * instead of more toasts appearing.
 */
export function tell(
  state: ToastState,
  change: Change,
  nowMs: number,
): { state: ToastState; order: ToastOrder } {
  const recent = state.told.filter(({ atMs }) => nowMs - atMs < BURST_MS);
  const twin = recent.findLast(
    (told) => told.appointmentId === change.appointment_id && nowMs - told.atMs < SAME_ROW_MS,
  );
  const id = twin?.id ?? `change-${state.nextNumber}`;
  const told = [...recent, { id, appointmentId: change.appointment_id, atMs: nowMs }];
  const nextNumber = twin ? state.nextNumber : state.nextNumber + 1;

  const goesOn = recent.length > 0 ? state.burst : null;
  // Several changes of one row are one thing to hear of, and no burst.
  const toastCount = new Set(told.map((one) => one.id)).size;
  if (goesOn) {
    const burst = { id: goesOn.id, count: goesOn.count + (twin ? 0 : 1) };
    return {
      state: { told, burst, nextNumber },
      order: { kind: "sum", ...burst, instead: [] },
    };
  }
  if (toastCount > BURST_COUNT) {
    const burst = { id: `burst-${state.nextNumber}`, count: toastCount };
    const instead = [...new Set(recent.map((one) => one.id))];
    return { state: { told, burst, nextNumber }, order: { kind: "sum", ...burst, instead } };
  }
  return { state: { told, burst: null, nextNumber }, order: { kind: "tell", id, change } };
}
