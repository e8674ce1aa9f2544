import type { Appointment } from "@slotcast/realtime";
import { newMutationId } from "@slotcast/realtime";
import { TAKEN } from "@slotcast/ui";
import type { SupabaseClient } from "@supabase/supabase-js";
import { saveProfile } from "../identity/profile";

/** What is asked for. */
export interface BookingRequest {
  /** Of the appointment to be. Asking again with it, after an answer that never came, makes no second one. */
  id: string;
  /** null: nobody is signed in; the booking is a guest's. */
  userId: string | null;
  workspaceId: string;
  serviceId: string;
  /** null: the shop chooses who is free. */
  memberId: string | null;
  start: string;
  name: string;
  phone: string;
  notes: string;
  locale: string;
}

export type Placed =
  | { kind: "booked"; appointment: Appointment }
  | { kind: "taken" }
  | { kind: "refused"; error: unknown };

/** Books; never optimistic, since only the database knows who was first. */
export async function placeBooking(
  client: SupabaseClient,
  request: BookingRequest,
): Promise<Placed> {
  try {
    const userId = request.userId ?? (await becomeGuest(client, request.name));
    await saveProfile(client, userId, request, request.locale);
    return await insert(client, request, userId);
  } catch (error) {
    return { kind: "refused", error: await orExpired(client, request, error) };
  }
}

/** Whoever was known and is so no more is refused as a visitor; that would not say what helps. */
async function orExpired(client: SupabaseClient, request: BookingRequest, error: unknown) {
  const { data } = await client.auth.getSession();
  return request.userId && !data.session ? { code: "PGRST303" } : error;
}

async function becomeGuest(client: SupabaseClient, name: string): Promise<string> {
  const { data, error } = await client.auth.signInAnonymously({ options: { data: { name } } });
  if (error) throw error;
  if (!data.user) throw new Error("Signing in anonymously gave no user");
  return data.user.id;
}

async function insert(
  client: SupabaseClient,
  request: BookingRequest,
  userId: string,
): Promise<Placed> {
  const { data, error } = await client
    .from("appointments")
    .insert({
      id: request.id,
      workspace_id: request.workspaceId,
      customer_id: userId,
      service_id: request.serviceId,
      team_member_id: request.memberId,
      customer_name: request.name.trim(),
      start_time: request.start,
      notes: request.notes.trim() || null,
      mutation_id: newMutationId(),
    })
    .select()
    .single<Appointment>();
  if (!error) return { kind: "booked", appointment: data };
  const earlier = await find(client, request.id);
  if (earlier) return { kind: "booked", appointment: earlier };
  return error.code === TAKEN ? { kind: "taken" } : { kind: "refused", error };
}

/** What an earlier request with the same id has made, if its answer was lost on the way. */
async function find(client: SupabaseClient, id: string): Promise<Appointment | null> {
  const { data } = await client
    .from("appointments")
    .select()
    .eq("id", id)
    .maybeSingle<Appointment>();
  return data;
}
