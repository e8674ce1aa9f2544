import type { Service, TeamMember, Workspace } from "@slotcast/realtime";
import type { SupabaseClient } from "@supabase/supabase-js";

/** Somebody to book, with the services they give. */
export interface ShopMember
  extends Pick<TeamMember, "id" | "name" | "title" | "color" | "bookable" | "sort_order"> {
  team_member_services: readonly { service_id: string }[];
}

export type ShopService = Omit<Service, "workspace_id">;

/** All that stands on a shop's public page. */
export interface Shop
  extends Pick<
    Workspace,
    | "id"
    | "name"
    | "slug"
    | "description"
    | "address"
    | "phone"
    | "currency"
    | "time_zone"
    | "online_booking"
    | "auto_confirm"
    | "min_notice_minutes"
    | "max_ahead_days"
    | "change_cutoff_minutes"
  > {
  services: readonly ShopService[];
  team_members: readonly ShopMember[];
}

const COLUMNS = `id,name,slug,description,address,phone,currency,time_zone,online_booking,auto_confirm,
  min_notice_minutes,max_ahead_days,change_cutoff_minutes,
  services(id,name,description,duration_minutes,buffer_before_minutes,buffer_after_minutes,price_cents,currency,color,active,sort_order),
  team_members(id,name,title,color,bookable,sort_order,team_member_services(service_id))`;

/**
 * Reads a shop's page.
 *
 * @returns null when there is no such shop, or when it takes no bookings online and the reader has nothing to do
 *   with it: the two are not told apart for strangers.
 * @throws What PostgREST answered.
 */
export async function readShop(
  client: SupabaseClient,
  slug: string,
  signal: AbortSignal,
): Promise<Shop | null> {
  const { data, error } = await client
    .from("workspaces")
    .select(COLUMNS)
    .eq("slug", slug)
    .order("sort_order", { referencedTable: "services" })
    .order("sort_order", { referencedTable: "team_members" })
    .abortSignal(signal)
    .maybeSingle<Shop>();
  if (error) throw error;
  return data;
}

/** A shop in the list of shops. */
export type ShopEntry = Pick<Shop, "id" | "name" | "slug" | "description" | "address">;

/** Reads the shops that take bookings online. */
export async function readShops(client: SupabaseClient, signal: AbortSignal): Promise<ShopEntry[]> {
  const { data, error } = await client
    .from("workspaces")
    .select("id,name,slug,description,address")
    .eq("online_booking", true)
    .order("name")
    .abortSignal(signal)
    .overrideTypes<ShopEntry[], { merge: false }>();
  if (error) throw error;
  return data;
}

/** Those who give a service and can be booked, in the shop's order. */
export function membersFor(shop: Shop, serviceId: string): ShopMember[] {
  return shop.team_members.filter(
    (member) =>
      member.bookable &&
      member.team_member_services.some((offer) => offer.service_id === serviceId),
  );
}

/** What can be booked: active services that somebody gives, each with the ids of those who do. */
export function offeredBy(shop: Shop): ReadonlyMap<string, readonly string[]> {
  const offered = new Map<string, readonly string[]>();
  for (const service of shop.services) {
    const members = membersFor(shop, service.id);
    if (service.active && members.length > 0) {
      offered.set(
        service.id,
        members.map((member) => member.id),
      );
    }
  }
  return offered;
}
