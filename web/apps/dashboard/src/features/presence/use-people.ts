import { useSupabase } from "@slotcast/realtime";
import { useEffect, useSyncExternalStore } from "react";
import type { Desk } from "../desk/desk";
import { useWorkspaceMembers } from "../desk/use-workspace-members";
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
  // Names come from profiles: what a tab says of itself could be anybody's.
  const { members, nameOf } = useWorkspaceMembers(desk);

  useEffect(() => {
    room.goTo({ view, date });
  }, [room, view, date]);

  const isMember = (userId: string) => members.some(({ user_id }) => user_id === userId);
  return peopleIn(state, desk.me, isMember).map((person) => ({
    ...person,
    name: nameOf(person.userId) ?? "",
    color: desk.members.find(({ user_id }) => user_id === person.userId)?.color ?? null,
  }));
}
