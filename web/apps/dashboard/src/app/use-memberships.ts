/**
 * The workspaces that somebody belongs to, and which of them is shown.
 *
 * Whoever is taken off a team may not see the message that says so, since by then it is no longer theirs to see. So
 * memberships are also read again whenever something of the workspace is refused or missing, and now and then.
 */
import { useLiveTable, type Workspace, type WorkspaceMember } from "@slotcast/realtime";
import { isText, readStored, writeStored } from "@slotcast/ui";
import { useEffect, useEffectEvent, useMemo } from "react";
import type { WorkspaceChoice } from "../features/shell";

const STORED_AS = "slotcast.dashboard.workspace";
const WATCH_MS = 15_000;

export interface Memberships {
  isLoading: boolean;
  choices: readonly (WorkspaceChoice & { workspace: Workspace })[];
  /** The one in the address, else the one used last, else the first. */
  current: (WorkspaceChoice & { workspace: Workspace }) | undefined;
  resync: () => Promise<void>;
}

export function useMemberships(me: string, slug: string | undefined): Memberships {
  const members = useLiveTable<WorkspaceMember>({
    table: "workspace_members",
    filter: `user_id=eq.${me}`,
    key: ["workspace_id", "user_id"],
  });
  const ids = useMemo(
    () => members.rows.map((member) => member.workspace_id).toSorted(),
    [members.rows],
  );
  const workspaces = useLiveTable<Workspace>({
    table: "workspaces",
    filter: `id=in.(${ids.join()})`,
    enabled: ids.length > 0,
    order: { column: "name", ascending: true },
  });
  const choices = useMemo(
    () =>
      workspaces.rows.flatMap((workspace) => {
        const member = members.rows.find(({ workspace_id }) => workspace_id === workspace.id);
        const { id, name } = workspace;
        return member ? [{ id, name, slug: workspace.slug, role: member.role, workspace }] : [];
      }),
    [workspaces.rows, members.rows],
  );
  const lastUsed = readStored(STORED_AS, isText);
  const current =
    choices.find((choice) => choice.slug === slug) ??
    choices.find((choice) => slug === undefined && choice.slug === lastUsed) ??
    choices.find(() => slug === undefined);
  useWatch(members.resync);
  useEffect(() => {
    if (current) writeStored(STORED_AS, current.slug);
  }, [current]);
  return {
    isLoading: members.isLoading || (ids.length > 0 && workspaces.isLoading),
    choices,
    current,
    resync: members.resync,
  };
}

/** Looks at memberships again every few seconds while the page is seen. */
function useWatch(resync: () => Promise<void>): void {
  const look = useEffectEvent(() => {
    if (document.visibilityState === "visible") void resync();
  });
  useEffect(() => {
    const timer = setInterval(look, WATCH_MS);
    return () => clearInterval(timer);
  }, []);
}
