import { type Customer, useSupabase } from "@slotcast/realtime";
import { useQuery } from "@tanstack/react-query";

/** The workspace's own record of a customer: how to call and write to them. */
export function useContact(contactId: string | null | undefined): Customer | undefined {
  const supabase = useSupabase();
  const { data } = useQuery({
    queryKey: ["customers", "one", contactId],
    enabled: contactId != null,
    queryFn: async () => {
      const answer = await supabase
        .from("customers")
        .select("*")
        .eq("id", contactId ?? "")
        .maybeSingle<Customer>();
      if (answer.error) throw answer.error;
      return answer.data;
    },
  });
  return data ?? undefined;
}
