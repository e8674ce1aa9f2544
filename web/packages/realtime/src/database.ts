/**
 * Rows of the appointments schema, as both the API and the change messages carry them.
 *
 * Instants are ISO 8601 strings with an offset, `bigint` columns numbers.
 */

export type AppointmentStatus = "pending" | "confirmed" | "completed" | "cancelled" | "no_show";

/** One booking: shared by the workspace's staff and its customer. */
export type Appointment = {
  id: string;
  workspace_id: string;
  /** The customer's user id; null for walk-ins. */
  customer_id: string | null;
  /** The workspace's own record of the customer. */
  contact_id: string | null;
  team_member_id: string | null;
  service_id: string | null;
  customer_name: string;
  start_time: string;
  end_time: string;
  buffer_before_minutes: number;
  buffer_after_minutes: number;
  status: AppointmentStatus;
  price_cents: number | null;
  currency: string | null;
  notes: string | null;
  cancel_reason: string | null;
  allow_overlap: boolean;
  /** Raised by every update: the merge key of the live store and the optimistic lock. */
  version: number;
  /** Of the write that made this version; see `isMine`. */
  mutation_id: string | null;
  created_by: string | null;
  updated_by: string | null;
  created_at: string;
  updated_at: string;
  /** `[start, end)` with buffers, as PostgreSQL writes a `tstzrange`. */
  blocked: string;
};

/** What an insert may say; the rest comes from the service and the database. */
export type NewAppointment = Partial<Omit<Appointment, "version" | "mutation_id" | "blocked">> &
  Pick<Appointment, "workspace_id" | "start_time">;

/** What an update may say. */
export type AppointmentChanges = Partial<
  Omit<Appointment, "id" | "workspace_id" | "version" | "mutation_id" | "blocked">
>;

export type Profile = {
  id: string;
  display_name: string;
  avatar_url: string | null;
  phone: string | null;
  time_zone: string;
  locale: string;
  created_at: string;
  updated_at: string;
};

export type Workspace = {
  id: string;
  name: string;
  slug: string;
  description: string | null;
  address: string | null;
  phone: string | null;
  currency: string | null;
  time_zone: string;
  online_booking: boolean;
  auto_confirm: boolean;
  slot_step_minutes: number;
  min_notice_minutes: number;
  max_ahead_days: number;
  change_cutoff_minutes: number;
  created_by: string | null;
  created_at: string;
  updated_at: string;
};

export type WorkspaceRole = "owner" | "admin" | "staff" | "viewer";

/** Its key is `["workspace_id", "user_id"]`. */
export type WorkspaceMember = {
  workspace_id: string;
  user_id: string;
  role: WorkspaceRole;
  created_at: string;
};

/** Somebody who can be booked. Subscribe with `TEAM_MEMBER_COLUMNS`: not all columns are granted. */
export type TeamMember = {
  id: string;
  workspace_id: string;
  name: string;
  title: string | null;
  color: string;
  /** Null: the workspace's. */
  time_zone: string | null;
  bookable: boolean;
  sort_order: number;
  /** Not for visitors. */
  user_id?: string | null;
};

export const TEAM_MEMBER_COLUMNS = [
  "id",
  "workspace_id",
  "name",
  "title",
  "color",
  "time_zone",
  "bookable",
  "sort_order",
] as const;

export type Service = {
  id: string;
  workspace_id: string;
  name: string;
  description: string | null;
  duration_minutes: number;
  buffer_before_minutes: number;
  buffer_after_minutes: number;
  price_cents: number | null;
  currency: string | null;
  color: string | null;
  active: boolean;
  sort_order: number;
};

/** Its key is `["team_member_id", "service_id"]`. */
export type TeamMemberService = {
  workspace_id: string;
  team_member_id: string;
  service_id: string;
};

/** The workspace's own record of a person it serves. */
export type Customer = {
  id: string;
  workspace_id: string;
  user_id: string | null;
  name: string;
  email: string | null;
  phone: string | null;
  created_at: string;
};

export type CustomerSummary = Customer & {
  visit_count: number;
  no_show_count: number;
  cancelled_count: number;
  last_visit: string | null;
  next_visit: string | null;
};

/** Weekly opening in local wall-clock time of the member's zone. */
export type WorkingHours = {
  id: string;
  workspace_id: string;
  team_member_id: string;
  /** ISO: Monday is 1. */
  weekday: number;
  opens: string;
  closes: string;
};

/** What differs on one date; closed when `opens` is null. */
export type WorkingHourException = {
  id: string;
  workspace_id: string;
  team_member_id: string;
  on_date: string;
  opens: string | null;
  closes: string | null;
};

export type TimeOff = {
  id: string;
  workspace_id: string;
  team_member_id: string;
  start_time: string;
  end_time: string;
  reason: string | null;
};

/** When somebody is taken, and nothing else. Subscribe with `BUSY_SLOT_COLUMNS`. */
export type BusySlot = {
  id: string;
  workspace_id: string;
  team_member_id: string;
  start_time: string;
  end_time: string;
};

export const BUSY_SLOT_COLUMNS = [
  "id",
  "workspace_id",
  "team_member_id",
  "start_time",
  "end_time",
] as const;

/** Its key is `["appointment_id"]`. */
export type StaffNote = {
  appointment_id: string;
  workspace_id: string;
  body: string;
  updated_by: string | null;
  updated_at: string;
};

export type AppointmentAction =
  | "created"
  | "rescheduled"
  | "reassigned"
  | "status"
  | "edited"
  | "deleted";

/** One entry of the append-only history. */
export type AppointmentEvent = {
  id: number;
  appointment_id: string;
  workspace_id: string;
  customer_id: string | null;
  customer_name: string | null;
  team_member_id: string | null;
  service_id: string | null;
  /** After the change. */
  start_time: string | null;
  actor_id: string | null;
  actor_kind: "customer" | "staff" | "system";
  actor_name: string | null;
  action: AppointmentAction;
  version: number;
  mutation_id: string | null;
  /** Of an update only the columns that changed. */
  before: Partial<Appointment> | null;
  after: Partial<Appointment> | null;
  at: string;
};

/** How long a proposed appointment shows when its service decides. */
const SHOWN_MINUTES = 30;

const PROPOSED: Omit<Appointment, "id" | "workspace_id" | "start_time" | "end_time"> = {
  customer_id: null,
  contact_id: null,
  team_member_id: null,
  service_id: null,
  customer_name: "",
  buffer_before_minutes: 0,
  buffer_after_minutes: 0,
  status: "pending",
  price_cents: null,
  currency: null,
  notes: null,
  cancel_reason: null,
  allow_overlap: false,
  version: 0,
  mutation_id: null,
  created_by: null,
  updated_by: null,
  created_at: "",
  updated_at: "",
  blocked: "",
};

/** A new row as it shows until the database has completed it. */
export function proposedRow(table: string, values: Record<string, unknown>): object {
  if (table !== "appointments") return values;
  const { start_time } = values as NewAppointment;
  const start = Date.parse(start_time);
  const end_time = Number.isNaN(start) ? start_time : instant(start + SHOWN_MINUTES * 60_000);
  const now = instant(Date.now());
  return { ...PROPOSED, end_time, created_at: now, updated_at: now, ...values };
}

function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
