/**
 * Changes of appointments, without React.
 *
 * Each function returns one that stops listening. All who listen to the same share a channel.
 */

import type { SupabaseClient } from "@supabase/supabase-js";
import type { ChannelStatus } from "../counted-channel";
import type { Appointment } from "../database";
import type { LiveError } from "../errors";
import { type Hub, hubOf } from "../hub";
import { type Change, type ChangeHandlers, dispatch } from "../rows";
import { Told } from "../told";

export type AppointmentHandlers = ChangeHandlers<Appointment> & {
  onStatus?: ((status: ChannelStatus, error: LiveError | null) => void) | undefined;
};

let defaultClient: SupabaseClient | null = null;

/** Sets the client that is used outside of a `RealtimeProvider`. */
export function setSupabaseClient(client: SupabaseClient): void {
  defaultClient = client;
}

/** @throws Error when `setSupabaseClient` was not called, and no `RealtimeProvider` rendered. */
export function defaultHub(): Hub {
  if (!defaultClient) {
    throw new Error(
      "call setSupabaseClient(createClient(…)) first, or render a <RealtimeProvider>",
    );
  }
  return hubOf(defaultClient);
}

/** Listens to the appointments of a workspace. */
export function subscribeToWorkspaceAppointments(
  workspaceId: string,
  handlers: AppointmentHandlers,
): () => void {
  return subscribe(`workspace_id=eq.${workspaceId}`, handlers);
}

/** Listens to the appointments of a customer, in all workspaces. */
export function subscribeToCustomerAppointments(
  customerId: string,
  handlers: AppointmentHandlers,
): () => void {
  return subscribe(`customer_id=eq.${customerId}`, handlers);
}

/** Listens to the appointments of one team member. */
export function subscribeToTeamMemberAppointments(
  teamMemberId: string,
  handlers: AppointmentHandlers,
): () => void {
  return subscribe(`team_member_id=eq.${teamMemberId}`, handlers);
}

function subscribe(filter: string, handlers: AppointmentHandlers): () => void {
  const told = new Told();
  const stop = defaultHub().subscribe(
    { table: "appointments", filter },
    {
      change: (change) => {
        const { id } = (change.eventType === "DELETE" ? change.old : change.new) as {
          id?: unknown;
        };
        if (told.isNews(String(id), change)) dispatch(handlers, change as Change<Appointment>);
      },
      status: handlers.onStatus,
    },
  );
  return () => stop();
}
