/** The draft of an appointment's form, and what becomes of it when somebody else changes the row meanwhile. */
import type { Appointment, LiveRow, Service } from "@slotcast/realtime";
import { useDraft } from "@slotcast/ui";
import { type Field, mergeTheirs, taking } from "./draft-merge";
import { type FormValues, patchOf, valuesOfRow, withService } from "./form-values";
import { type AppointmentPatch, effectiveChanges } from "./undo";

interface Draft {
  /** The row as the draft knows it. */
  base: Appointment;
  values: FormValues;
}

export interface Editing {
  /** Null while nobody edits. */
  values: FormValues | null;
  isDirty: boolean;
  /** Fields that somebody else changed to something else than what is typed. */
  disputed: readonly Field[];
  start: () => void;
  stop: () => void;
  set: (values: FormValues) => void;
  useTheirs: () => void;
  keepMine: () => void;
  /** What saving the draft onto a row changes. */
  patchFor: (row: Appointment, services: readonly Service[]) => AppointmentPatch;
}

export function useEditing(row: LiveRow<Appointment>, zone: string): Editing {
  const [draft, setDraft] = useDraft<Draft | null>(`appointment ${row.id}`, () => null);
  const mine = draft && patchOf(draft.values, zone);
  const isNewer = draft !== null && row.pending === undefined && row.version !== draft.base.version;
  const merge = draft && mine && isNewer ? mergeTheirs(draft.base, row, mine) : null;

  /** Goes on from the row as it is now, with their values in some fields. */
  function rebase(fields: readonly Field[]): void {
    if (!draft || !mine) return;
    const values =
      fields.length === 0
        ? draft.values
        : {
            ...valuesOfRow({ ...row, ...taking(mine, row, fields) }, zone),
            customer: fields.includes("customer_name")
              ? valuesOfRow(row, zone).customer
              : draft.values.customer,
          };
    setDraft({ base: row, values });
  }
  // What only they have changed is taken over at once: there is nothing to ask.
  if (merge && merge.disputed.length === 0) rebase(merge.taken);

  return {
    values: draft?.values ?? null,
    isDirty:
      draft !== null && mine !== null && Object.keys(effectiveChanges(draft.base, mine)).length > 0,
    disputed: merge?.disputed ?? [],
    start: () => setDraft({ base: row, values: valuesOfRow(row, zone) }),
    stop: () => setDraft(null),
    set: (values) => setDraft((before) => before && { ...before, values }),
    useTheirs: () => rebase([...(merge?.taken ?? []), ...(merge?.disputed ?? [])]),
    keepMine: () => rebase(merge?.taken ?? []),
    patchFor: (onto, services) =>
      mine === null ? {} : withService(effectiveChanges(onto, mine), onto, services),
  };
}
