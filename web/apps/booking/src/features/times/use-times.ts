import { useSupabase } from "@slotcast/realtime";
import { addDays, startOfDay } from "@slotcast/ui";
import type { SupabaseClient } from "@supabase/supabase-js";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Slot } from "./slots";

/** What free times are asked for. */
export interface Wish {
  workspaceId: string;
  zone: string;
  serviceId: string;
  /** null: anyone who gives the service. */
  memberId: string | null;
  /** The appointment that is being moved; it does not stand in its own way. */
  movingId?: string | undefined;
}

/** A day of the calendar strip. */
export interface FreeDay {
  day: string;
  slotCount: number;
  isOpen: boolean;
}

/** Notice runs on: times that have come too near go without anybody booking them. */
const RENEW_MS = 60_000;

/** The free times of a day; live through `useLiveShop`. */
export function useFreeTimes(wish: Wish | null, day: string | undefined) {
  const client = useSupabase();
  return useQuery({
    queryKey: ["times", wish?.workspaceId, "slots", wish, day],
    queryFn: ({ signal }) => (wish && day ? readSlots(client, wish, day, signal) : []),
    enabled: wish !== null && day !== undefined,
    refetchInterval: RENEW_MS,
  });
}

/** How many times are free on each of *count* days. The days before stay in sight while others are read. */
export function useFreeDays(wish: Wish | null, from: string, count: number) {
  const client = useSupabase();
  return useQuery({
    queryKey: ["times", wish?.workspaceId, "days", wish, from, count],
    queryFn: ({ signal }) => (wish && count > 0 ? readDays(client, wish, from, count, signal) : []),
    enabled: wish !== null && count > 0,
    placeholderData: keepPreviousData,
    refetchInterval: RENEW_MS,
  });
}

/** The free times nearest to an instant, on whichever day. */
export function useNearest(wish: Wish | null, around: string | undefined, count: number) {
  const client = useSupabase();
  return useQuery({
    queryKey: ["times", wish?.workspaceId, "nearest", wish, around, count],
    queryFn: ({ signal }) =>
      wish && around ? readNearest(client, wish, around, count, signal) : [],
    enabled: wish !== null && around !== undefined,
  });
}

interface SlotRow {
  start_time: string;
  end_time: string;
  team_member_ids: string[];
}

interface DayRow {
  day: string;
  slot_count: number;
  is_open: boolean;
}

async function readSlots(
  client: SupabaseClient,
  wish: Wish,
  day: string,
  signal: AbortSignal,
): Promise<Slot[]> {
  const { data, error } = await client
    .rpc("available_slots", {
      ...argumentsOf(wish),
      p_from: startOfDay(day, wish.zone),
      p_to: startOfDay(addDays(day, 1), wish.zone),
    })
    .abortSignal(signal);
  if (error) throw error;
  const rows: SlotRow[] = data;
  return rows.map(slotOf);
}

async function readDays(
  client: SupabaseClient,
  wish: Wish,
  from: string,
  count: number,
  signal: AbortSignal,
): Promise<FreeDay[]> {
  const { data, error } = await client
    .rpc("available_days", { ...argumentsOf(wish), p_from: from, p_to: addDays(from, count - 1) })
    .abortSignal(signal);
  if (error) throw error;
  const rows: DayRow[] = data;
  return rows.map((row) => ({ day: row.day, slotCount: row.slot_count, isOpen: row.is_open }));
}

async function readNearest(
  client: SupabaseClient,
  wish: Wish,
  around: string,
  count: number,
  signal: AbortSignal,
): Promise<Slot[]> {
  const { data, error } = await client
    .rpc("nearest_slots", { ...argumentsOf(wish), p_around: around, p_limit: count })
    .abortSignal(signal);
  if (error) throw error;
  const rows: SlotRow[] = data;
  return rows.map(slotOf).sort((a, b) => (a.start < b.start ? -1 : 1));
}

function argumentsOf(wish: Wish) {
  return {
    p_service: wish.serviceId,
    p_member: wish.memberId,
    ...(wish.movingId ? { p_ignore: wish.movingId } : {}),
  };
}

/** Instants in one form, so that they can be compared as text. */
function slotOf(row: SlotRow): Slot {
  return {
    start: new Date(row.start_time).toISOString(),
    end: new Date(row.end_time).toISOString(),
    memberIds: row.team_member_ids,
  };
}
