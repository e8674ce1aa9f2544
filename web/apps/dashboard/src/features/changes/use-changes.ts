import { type AppointmentEvent, useLiveTable } from "@slotcast/realtime";
import { useMemo } from "react";
import type { Desk } from "../desk/desk";
import { type Change, changeOf } from "./change";

/** How many changes are read at first, and again for each "older". */
export const PAGE_SIZE = 100;

const known = new WeakMap<AppointmentEvent, Change>();

/** The history of the workspace, newest first; live, and there again after a reload. */
export function useChanges(desk: Desk, limit = PAGE_SIZE, onChange?: (change: Change) => void) {
  const { rows, ...state } = useLiveTable<AppointmentEvent>(
    {
      table: "appointment_events",
      filter: `workspace_id=eq.${desk.workspace.id}`,
      order: { column: "id", ascending: false },
      limit,
    },
    onChange ? { onInsert: (payload) => onChange(changeOf(payload.new)) } : {},
  );
  const changes = useMemo(() => rows.map(asChange), [rows]);
  return { ...state, changes };
}

/** The same object for the same row, so that items that did not change are not drawn again. */
function asChange(event: AppointmentEvent): Change {
  const change = known.get(event) ?? changeOf(event);
  known.set(event, change);
  return change;
}
