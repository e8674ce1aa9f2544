import type { Appointment } from "@slotcast/realtime";
import { useSupabase } from "@slotcast/realtime";
import type { SupabaseClient } from "@supabase/supabase-js";
import { useQuery } from "@tanstack/react-query";
import type { CalendarEvent } from "./calendar-file";

/** What a ticket says besides the appointment: rows that are told live carry ids only. */
export interface Place {
  shop: PlaceShop;
  service: { id: string; name: string } | undefined;
  member: { id: string; name: string; color: string } | undefined;
}

export interface PlaceShop {
  id: string;
  name: string;
  slug: string;
  address: string | null;
  phone: string | null;
  time_zone: string;
  max_ahead_days: number;
  change_cutoff_minutes: number;
  services: readonly { id: string; name: string }[];
  team_members: readonly { id: string; name: string; color: string }[];
}

const COLUMNS = `id,name,slug,address,phone,time_zone,max_ahead_days,change_cutoff_minutes,
  services(id,name),team_members(id,name,color)`;

async function readShops(
  client: SupabaseClient,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<PlaceShop[]> {
  const { data, error } = await client
    .from("workspaces")
    .select(COLUMNS)
    .in("id", [...ids])
    .abortSignal(signal)
    .overrideTypes<PlaceShop[], { merge: false }>();
  if (error) throw error;
  return data;
}

/** Finds the place of any of *appointments*; it answers undefined until the shops are read. */
export function usePlaces(
  appointments: readonly Appointment[],
): (appointment: Appointment) => Place | undefined {
  const client = useSupabase();
  const ids = [...new Set(appointments.map((row) => row.workspace_id))].sort();
  const { data } = useQuery({
    queryKey: ["places", ids],
    queryFn: ({ signal }) => readShops(client, ids, signal),
    enabled: ids.length > 0,
    staleTime: 60_000,
  });
  return (appointment) => {
    const shop = data?.find(({ id }) => id === appointment.workspace_id);
    return (
      shop && {
        shop,
        service: shop.services.find(({ id }) => id === appointment.service_id),
        member: shop.team_members.find(({ id }) => id === appointment.team_member_id),
      }
    );
  };
}

/** The appointment as calendars want it. *withMember* says "with Olga" in the reader's language. */
export function calendarEventOf(
  appointment: Appointment,
  place: Place,
  withMember: (name: string) => string,
): CalendarEvent {
  return {
    id: appointment.id,
    version: appointment.version,
    status: appointment.status,
    start: appointment.start_time,
    end: appointment.end_time,
    updatedAt: appointment.updated_at,
    summary: [place.service?.name, place.shop.name].filter(Boolean).join(" · "),
    location: place.shop.address,
    description: place.member && withMember(place.member.name),
    url: `${location.origin}/book/mine`,
  };
}
