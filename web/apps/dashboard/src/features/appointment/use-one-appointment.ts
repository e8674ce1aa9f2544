import { type Appointment, type LiveRow, useLiveTable } from "@slotcast/realtime";
import { useState } from "react";

export interface OneAppointment {
  /** As it is, or as it was last when it is gone. */
  row: LiveRow<Appointment> | undefined;
  state: "loading" | "here" | "gone" | "missing";
}

/**
 * One appointment, wherever it is.
 *
 * What the calendar shows is taken from there; what it does not show (another week, somebody else's, deleted) is
 * asked for on its own.
 */
export function useOneAppointment(
  id: string,
  shown: readonly LiveRow<Appointment>[],
): OneAppointment {
  const inSight = shown.find((row) => row.id === id);
  const alone = useLiveTable<Appointment>({
    table: "appointments",
    filter: `id=eq.${id}`,
    enabled: inSight === undefined,
  });
  const row = inSight ?? alone.rows[0];
  const [last, setLast] = useState(row);
  if (row !== undefined && row !== last) setLast(row);
  if (row !== undefined) return { row, state: "here" };
  const known = last?.id === id ? last : undefined;
  if (alone.isLoading) return { row: known, state: "loading" };
  return { row: known, state: known ? "gone" : "missing" };
}
