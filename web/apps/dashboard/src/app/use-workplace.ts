/** Reads all of a workspace but its appointments, live. */
import {
  type Service,
  TEAM_MEMBER_COLUMNS,
  type TeamMember,
  type TeamMemberService,
  type TimeOff,
  useLiveTable,
  useWorkspaceAppointments,
  type WorkingHourException,
  type WorkingHours,
  type Workspace,
} from "@slotcast/realtime";
import { useMemo } from "react";
import type { Role } from "../features/desk/desk";
import { useAskedRange } from "./use-calendar-place";
import type { Workplace } from "./workplace";

const TEAM_COLUMNS = [...TEAM_MEMBER_COLUMNS, "user_id"];
const IN_ORDER = { column: "sort_order", ascending: true } as const;

/** The tables of a workspace; whoever asks for the same ones shares them. */
function useTables(workspaceId: string, mayReadTimeOff: boolean) {
  const filter = `workspace_id=eq.${workspaceId}`;
  return {
    team: useLiveTable<TeamMember>({
      table: "team_members",
      filter,
      select: TEAM_COLUMNS,
      order: IN_ORDER,
    }),
    services: useLiveTable<Service>({ table: "services", filter, order: IN_ORDER }),
    offers: useLiveTable<TeamMemberService>({
      table: "team_member_services",
      filter,
      key: ["team_member_id", "service_id"],
    }),
    hours: useLiveTable<WorkingHours>({ table: "working_hours", filter }),
    exceptions: useLiveTable<WorkingHourException>({ table: "working_hour_exceptions", filter }),
    timeOff: useLiveTable<TimeOff>({ table: "time_off", filter, enabled: mayReadTimeOff }),
  };
}

export interface WarmProps {
  workspaceId: string;
  zone: string;
}

/**
 * Opens what the page of the workspace that was shown last will need, while it is still being asked whether somebody
 * belongs to it: one round trip instead of four until something can be seen. Draws nothing, and row level security
 * decides what arrives.
 */
export function Warm({ workspaceId, zone }: WarmProps): null {
  useTables(workspaceId, true);
  const { range } = useAskedRange(zone);
  useWorkspaceAppointments(workspaceId, undefined, { range });
  return null;
}

/** Undefined until the workspace, its team and its services have been read. */
export function useLiveWorkplace(
  workspace: Workspace,
  role: Role,
  me: string,
): Workplace | undefined {
  // Viewers may not read why somebody is away.
  const tables = useTables(workspace.id, role !== "viewer");
  const { team, services, offers, hours, exceptions, timeOff } = tables;
  const isReady = !team.isLoading && !services.isLoading;
  return useMemo(
    () =>
      isReady
        ? {
            desk: {
              workspace,
              role,
              me,
              zone: workspace.time_zone,
              members: team.rows,
              services: services.rows,
            },
            offers: offers.rows,
            opening: { hours: hours.rows, exceptions: exceptions.rows, timeOff: timeOff.rows },
          }
        : undefined,
    [
      isReady,
      workspace,
      role,
      me,
      team.rows,
      services.rows,
      offers.rows,
      hours.rows,
      exceptions.rows,
      timeOff.rows,
    ],
  );
}
