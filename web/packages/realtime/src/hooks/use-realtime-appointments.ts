import { useEffect } from "react";
import type { Appointment, AppointmentChanges, NewAppointment } from "../database";
import type { Order, Range } from "../reader";
import type { ChangeHandlers, LiveRow } from "../rows";
import { useHub } from "./context";
import { type LiveRows, useLiveTable } from "./use-live-table";

export type AppointmentsOptions = {
  /** Which appointments to read and show; all unless given. Handlers hear of the others too. */
  range?: Range | undefined;
  /** By `start_time` unless given. */
  order?: Order | undefined;
  limit?: number | undefined;
  enabled?: boolean | undefined;
};

export type LiveAppointments = Omit<
  LiveRows<Appointment, NewAppointment, AppointmentChanges>,
  "rows"
> & {
  readonly appointments: readonly LiveRow<Appointment>[];
};

const BY_START: Order = { column: "start_time" };

/** The appointments of a workspace, live. Nothing is opened before the id is known. */
export function useWorkspaceAppointments(
  workspaceId: string | null | undefined,
  handlers?: ChangeHandlers<Appointment>,
  options?: AppointmentsOptions,
): LiveAppointments {
  return useAppointments("workspace_id", workspaceId, handlers, options);
}

/** The appointments of a customer in all workspaces, live. */
export function useCustomerAppointments(
  customerId: string | null | undefined,
  handlers?: ChangeHandlers<Appointment>,
  options?: AppointmentsOptions,
): LiveAppointments {
  return useAppointments("customer_id", customerId, handlers, options);
}

/**
 * The appointments of one team member, live.
 *
 * With the workspace's id it also notices at once that an appointment goes to somebody else: the server
 * tells that only those who ask for the whole workspace.
 */
export function useTeamMemberAppointments(
  teamMemberId: string | null | undefined,
  handlers?: ChangeHandlers<Appointment>,
  {
    workspaceId,
    ...options
  }: AppointmentsOptions & { workspaceId?: string | null | undefined } = {},
): LiveAppointments {
  const hub = useHub();
  const isWanted = Boolean(teamMemberId && workspaceId) && options.enabled !== false;
  useEffect(() => {
    if (!isWanted) return;
    return hub.overhear({ table: "appointments", filter: `workspace_id=eq.${workspaceId}` });
  }, [hub, isWanted, workspaceId]);
  return useAppointments("team_member_id", teamMemberId, handlers, options);
}

function useAppointments(
  column: string,
  id: string | null | undefined,
  handlers: ChangeHandlers<Appointment> | undefined,
  { enabled = true, order = BY_START, ...options }: AppointmentsOptions = {},
): LiveAppointments {
  const { rows, ...live } = useLiveTable<Appointment, NewAppointment, AppointmentChanges>(
    {
      table: "appointments",
      filter: `${column}=eq.${id}`,
      order,
      enabled: enabled && Boolean(id),
      ...options,
    },
    handlers,
  );
  return { appointments: rows, ...live };
}
