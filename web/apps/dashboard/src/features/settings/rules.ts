// The values that booking rules usually have.

export const STEP_MINUTES = [5, 10, 15, 20, 30, 45, 60];
export const NOTICE_MINUTES = [0, 30, 60, 120, 240, 720, 1_440, 2_880, 10_080];
export const CUTOFF_MINUTES = NOTICE_MINUTES;
export const AHEAD_DAYS = [7, 14, 30, 60, 90, 180, 365];

/** The usual values, and the one that is set if it is none of them. */
export function withCurrent(usual: readonly number[], current: number): number[] {
  return [...new Set([...usual, current])].toSorted((a, b) => a - b);
}
