/** The workspaces that somebody belongs to, live, and which of them is shown. */
import { useLiveTable, type Workspace, type WorkspaceMember } from "@slotcast/realtime";
import { readStored, writeStored } from "@slotcast/ui";
import { useEffect, useMemo, useState } from "react";
import type { WorkspaceChoice } from "../features/shell";

const STORED_AS = "slotcast.dashboard.workspace";

/** The workspace that was shown last on this device. */
interface LastShown {
  id: string;
  slug: string;
  zone: string;
}

export interface Memberships {
  isLoading: boolean;
  choices: readonly (WorkspaceChoice & { workspace: Workspace })[];
  /** The one in the address, else the one used last, else the first. */
  current: (WorkspaceChoice & { workspace: Workspace }) | undefined;
  /** What will be shown, as far as can be guessed before it is known. */
  likely: LastShown | undefined;
  resync: () => Promise<void>;
}

export function useMemberships(me: string, slug: string | undefined): Memberships {
  const members = useLiveTable<WorkspaceMember>({
    table: "workspace_members",
    filter: `user_id=eq.${me}`,
    key: ["workspace_id", "user_id"],
  });
  const [last] = useState(() => readStored(STORED_AS, isLastShown));
  const likely = slug === undefined || slug === last?.slug ? last : undefined;
  const ids = useMemo(
    () =>
      members.isLoading
        ? likely
          ? [likely.id]
          : []
        : members.rows.map((member) => member.workspace_id).toSorted(),
    [members.isLoading, members.rows, likely],
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
  const current =
    choices.find((choice) => choice.slug === slug) ??
    choices.find((choice) => slug === undefined && choice.id === last?.id) ??
    choices.find(() => slug === undefined);
  useEffect(() => {
    if (current) writeStored(STORED_AS, lastShownOf(current.workspace));
  }, [current]);
  return {
    isLoading: members.isLoading || (ids.length > 0 && workspaces.isLoading),
    choices,
    current,
    likely,
    resync: members.resync,
  };
}

function lastShownOf({ id, slug, time_zone }: Workspace): LastShown {
  return { id, slug, zone: time_zone };
}

function isLastShown(value: unknown): value is LastShown {
  return (
    typeof value === "object" &&
    value !== null &&
    ["id", "slug", "zone"].every((key) => typeof Reflect.get(value, key) === "string")
  );
}
