import type { Appointment, Outcome } from "@slotcast/realtime";
import { TAKEN } from "@slotcast/ui";

/** What went wrong with a change, in the form that `useErrorText` has words for; null when it was saved. */
export function outcomeError(outcome: Outcome<Appointment>): object | null {
  switch (outcome.kind) {
    case "saved":
      return null;
    case "taken":
      return { code: TAKEN, hint: outcome.hint };
    case "refused":
      return { code: outcome.code, hint: outcome.hint, message: outcome.message };
    case "conflict":
      return { code: "conflict" };
    case "unsent":
      return new TypeError("The request had no answer");
  }
}
