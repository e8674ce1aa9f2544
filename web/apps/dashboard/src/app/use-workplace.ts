/** Reads all of a workspace but its appointments, live. */
import {
  type Service,
  TEAM_MEMBER_COLUMNS,
  type TeamMember,
  type TeamMemberService,
  type TimeOff,
  useLiveTable,
  type WorkingHourException,
  type WorkingHours,
  type Workspace,
} from "@slotcast/realtime";
import { useMemo } from "react";
import type { Role } from "../features/desk/desk";
import type { Workplace } from "./workplace";

const TEAM_COLUMNS = [...TEAM_MEMBER_COLUMNS, "user_id"];
const IN_ORDER = { column: "sort_order", ascending: true } as const;

/** Undefined until the workspace, its team and its services have been read. */
export function useLiveWorkplace(
  workspace: Workspace,
  role: Role,
  me: string,
): Workplace | undefined {
  const filter = `workspace_id=eq.${workspace.id}`;
  const team = useLiveTable<TeamMember>({
    table: "team_members",
    filter,
    select: TEAM_COLUMNS,
    order: IN_ORDER,
  });
  const services = useLiveTable<Service>({ table: "services", filter, order: IN_ORDER });
  const offers = useLiveTable<TeamMemberService>({
    table: "team_member_services",
    filter,
    key: ["team_member_id", "service_id"],
  });
  const hours = useLiveTable<WorkingHours>({ table: "working_hours", filter });
  const exceptions = useLiveTable<WorkingHourException>({
    table: "working_hour_exceptions",
    filter,
  });
  const timeOff = useLiveTable<TimeOff>({
    table: "time_off",
    filter,
    // Viewers may not read why somebody is away.
    enabled: role !== "viewer",
  });
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
