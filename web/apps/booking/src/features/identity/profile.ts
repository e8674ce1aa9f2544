import { useSupabase } from "@slotcast/realtime";
import { readerZone } from "@slotcast/ui";
import type { SupabaseClient } from "@supabase/supabase-js";
import { useQuery } from "@tanstack/react-query";

/** What a customer says of themselves; shops that they book see it. */
export interface Profile {
  name: string;
  phone: string;
}

/** The user's own profile. */
export function useProfile(userId: string | undefined) {
  const client = useSupabase();
  return useQuery({
    queryKey: ["profile", userId],
    queryFn: ({ signal }) => (userId ? readProfile(client, userId, signal) : null),
    enabled: userId !== undefined,
  });
}

async function readProfile(
  client: SupabaseClient,
  userId: string,
  signal: AbortSignal,
): Promise<Profile | null> {
  const { data, error } = await client
    .from("profiles")
    .select("display_name,phone")
    .eq("id", userId)
    .abortSignal(signal)
    .maybeSingle<{ display_name: string; phone: string | null }>();
  if (error) throw error;
  return data && { name: data.display_name, phone: data.phone ?? "" };
}

/**
 * Writes the user's own profile, and with it where and in which language to write to them.
 *
 * @throws What PostgREST answered.
 */
export async function saveProfile(
  client: SupabaseClient,
  userId: string,
  profile: Profile,
  locale: string,
): Promise<void> {
  const { error } = await client
    .from("profiles")
    .update({
      display_name: profile.name.trim(),
      phone: profile.phone.trim() || null,
      locale,
      time_zone: readerZone(),
    })
    .eq("id", userId);
  if (error) throw error;
}
