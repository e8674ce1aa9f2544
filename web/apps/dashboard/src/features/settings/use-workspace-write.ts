import { useSupabase, type Workspace } from "@slotcast/realtime";
import { useSaving } from "./use-saving";

/** Changes columns of the workspace; the row that is shown follows by itself. */
export function useWorkspaceWrite(workspaceId: string) {
  const client = useSupabase();
  const { save, ...state } = useSaving();
  const write = (columns: Partial<Workspace>) =>
    save(() => client.from("workspaces").update(columns).eq("id", workspaceId).select("id"));
  return { ...state, write };
}
