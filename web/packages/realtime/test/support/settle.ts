import { vi } from "vitest";

/** Lets *ms* of faked time pass, and all that waits for it happen. */
export async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}
