import { useSupabase } from "@slotcast/realtime";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { Desk } from "../desk/desk";
import { type Person, type Place, peopleIn } from "./people";
import { roomOf } from "./room";

export interface NamedPerson extends Person {
  name: string;
  /** Of the team member that they are, if they are one. */
  color: string | null;
}

/** Who else looks at the workspace, and where; tells them where this tab is. */
export function usePeople(desk: Desk, { view, date }: Place): NamedPerson[] {
  const client = useSupabase();
  const room = roomOf(client, desk.workspace.id, desk.me);
  const state = useSyncExternalStore(room.subscribe, room.getState);
  const names = useMemberNames(desk.workspace.id);

  useEffect(() => {
    room.goTo({ view, date });
  }, [room, view, date]);

  return useMemo(
    () =>
      peopleIn(state, desk.me, (id) => names.has(id)).map((person) => ({
        ...person,
        name: names.get(person.userId) ?? "",
        color: desk.members.find(({ user_id }) => user_id === person.userId)?.color ?? null,
      })),
    [state, desk.me, desk.members, names],
  );
}

const NOBODY: ReadonlyMap<string, string> = new Map();

/** The names that members have in their profiles: what a tab says of itself could be anybody's. */
function useMemberNames(workspaceId: string): ReadonlyMap<string, string> {
  const client = useSupabase();
  const { data } = useQuery({
    queryKey: ["workspace_members", workspaceId, "names"],
    queryFn: async ({ signal }) => {
      const { data } = await client
        .from("workspace_members")
        .select("user_id, profiles(display_name)")
        .eq("workspace_id", workspaceId)
        .abortSignal(signal)
        .throwOnError();
      return new Map(data.map(({ user_id, profiles }) => [user_id, nameOf(profiles)]));
    },
  });
  return data ?? NOBODY;
}

/** Without generated types the client cannot know that a member has one profile. */
function nameOf(profiles: unknown): string {
  return (profiles as { display_name: string } | null)?.display_name ?? "";
}
