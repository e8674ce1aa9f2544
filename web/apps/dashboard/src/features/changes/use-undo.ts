import type { Appointment, Mutate, NewAppointment, Outcome } from "@slotcast/realtime";
import { toast, useErrorText } from "@slotcast/ui";
import type { Change } from "./change";
import { useTexts } from "./texts";

/** Takes changes back, by new changes forward with the old values, and says how it went. */
export function useUndo(mutate: Mutate<Appointment, NewAppointment>) {
  const t = useTexts();
  const errorText = useErrorText();

  function say(outcome: Outcome<Appointment>) {
    if (outcome.kind === "saved") toast.success(t("changes.undone"));
    else toast.error(whatWentWrong(outcome));
  }

  function whatWentWrong(outcome: Exclude<Outcome<Appointment>, { kind: "saved" }>): string {
    switch (outcome.kind) {
      case "taken":
        return t("changes.undoTaken");
      case "conflict":
        return t("changes.undoConflict");
      case "refused":
        return errorText(outcome);
      case "unsent":
        // An undo that happens minutes later, when nobody thinks of it any more, would be a surprise.
        outcome.discard();
        return t("changes.undoUnsent");
    }
  }

  return async (change: Change, row: Appointment | null): Promise<void> => {
    say(row ? await mutate.update(row, change.before) : await mutate.create(asNew(change.before)));
  };
}

/** What was deleted, as it can be inserted again: the database keeps the books anew. */
function asNew(row: Partial<Appointment>): NewAppointment {
  const {
    version,
    mutation_id,
    blocked,
    created_by,
    created_at,
    updated_by,
    updated_at,
    ...values
  } = row;
  return values as NewAppointment;
}
