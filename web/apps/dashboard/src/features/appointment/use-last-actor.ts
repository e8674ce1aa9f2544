import { useSupabase } from "@slotcast/realtime";
import { useQuery } from "@tanstack/react-query";
import { lastActor } from "./failure";

/** Who changed an appointment last; null while that is not known. */
export function useLastActor(appointmentId: string, version: number): string | null {
  const supabase = useSupabase();
  const { data } = useQuery({
    queryKey: ["appointment_events", "actor", appointmentId, version],
    queryFn: () => lastActor(supabase, appointmentId),
  });
  return data ?? null;
}
