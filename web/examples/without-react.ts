// Changes without React: in a worker, a script, or another framework.

import { setSupabaseClient, subscribeToWorkspaceAppointments } from "@slotcast/realtime";
import type { SupabaseClient } from "@supabase/supabase-js";

/** Calls *say* with a line for every change. Returns a function that stops it. */
export function watchWorkspace(
  supabase: SupabaseClient,
  workspaceId: string,
  say: (line: string) => void,
): () => void {
  setSupabaseClient(supabase);
  return subscribeToWorkspaceAppointments(workspaceId, {
    onInsert: ({ new: row }) => say(`${row.customer_name} booked ${row.start_time}`),
    onUpdate: ({ old, new: row }) => say(`${row.customer_name}: ${old.status} → ${row.status}`),
    onDelete: ({ old }) => say(`${old.id} deleted`),
    onStatus: (status) => say(`channel: ${status}`),
  });
}
