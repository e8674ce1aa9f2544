import { useLiveTable, useSupabase, type WorkspaceMember } from "@slotcast/realtime";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Desk } from "./desk";

const KEY = ["workspace_id", "user_id"];

/** The memberships, live, and the names that people have given themselves; null for one that is not known yet. */
export function useWorkspaceMembers({ workspace }: Desk) {
  const client = useSupabase();
  const { rows } = useLiveTable<WorkspaceMember>({
    table: "workspace_members",
    filter: `workspace_id=eq.${workspace.id}`,
    key: KEY,
    order: { column: "created_at", ascending: true },
  });
  const ids = rows.map(({ user_id }) => user_id).toSorted();
  const { data: names } = useQuery({
    queryKey: ["profiles", workspace.id, ids],
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const { data } = await client
        .from("profiles")
        .select("id, display_name")
        .in("id", ids)
        .abortSignal(signal)
        .throwOnError();
      return new Map(data.map(({ id, display_name }) => [id as string, display_name as string]));
    },
  });
  return { members: rows, nameOf: (userId: string) => names?.get(userId) ?? null };
}
