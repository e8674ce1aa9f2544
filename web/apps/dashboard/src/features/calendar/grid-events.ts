/**
 * Appointments and closed hours as the calendar library wants them: floating wall times of the shown zone.
 *
 * The library knows neither zones nor clock changes. It is given what the clock on the wall shows and gives back by
 * how much something was moved on that wall; everything else is computed here.
 */
import type { Calendar } from "@event-calendar/core";
import type { Appointment, LiveRow, Service, TeamMember } from "@slotcast/realtime";
import {
  addDays,
  addMinutes,
  fromWall,
  minutesBetween,
  startOfDay,
  toWall,
} from "@slotcast/ui/zones";
import { gaps, type OpeningData, openStretches, type Stretch, timeOffOf } from "../desk/opening";
import type { Status } from "../desk/statuses";
import type { DateRange } from "./dates";

/** Column of appointments that nobody is assigned to. */
export const UNASSIGNED = "unassigned";

/** What an event's element is drawn from. */
export interface EventCard {
  kind: "appointment";
  status: Status;
  statusLabel: string;
  customer: string;
  service: string;
}

/** A stretch in which somebody cannot be booked. */
export interface ClosedCard {
  kind: "closed" | "off";
  label: string;
}

export interface AppointmentLook {
  services: ReadonlyMap<string, Service>;
  members: ReadonlyMap<string, TeamMember>;
  statusLabel: (status: Status) => string;
  nowMs: number;
  /** Changed a moment ago by somebody else. */
  glowing: ReadonlySet<string>;
  canWrite: boolean;
}

/** An instant as the library reads it. */
export function wallOf(instant: string, zone: string): string {
  return toWall(instant, zone).replace("T", " ");
}

export function appointmentEvent(
  row: LiveRow<Appointment>,
  zone: string,
  look: AppointmentLook,
): Calendar.EventInput {
  const member = look.members.get(row.team_member_id ?? "");
  const card: EventCard = {
    kind: "appointment",
    status: row.status,
    statusLabel: look.statusLabel(row.status),
    customer: row.customer_name,
    service: look.services.get(row.service_id ?? "")?.name ?? "",
  };
  return {
    id: row.id,
    start: wallOf(row.start_time, zone),
    end: wallEnd(row, zone),
    resourceIds: [row.team_member_id ?? UNASSIGNED],
    editable: look.canWrite && row.pending === undefined && row.status !== "cancelled",
    classNames: [
      "member",
      `is-${row.status}`,
      ...(Date.parse(row.end_time) <= look.nowMs ? ["is-past"] : []),
      ...(look.glowing.has(row.id) ? ["is-glowing"] : []),
      ...(row.pending ? ["is-unsaved"] : []),
      ...sizeClass(minutesBetween(row.start_time, row.end_time)),
    ],
    styles: [`--member: ${member?.color ?? "#8a8378"}`],
    extendedProps: { card },
  };
}

/** Shorter ones have room for one line, and below that for two. */
const ONE_LINE_MINUTES = 30;
const TWO_LINES_MINUTES = 45;

function sizeClass(minutes: number): string[] {
  if (minutes < ONE_LINE_MINUTES) return ["is-short"];
  return minutes < TWO_LINES_MINUTES ? ["is-medium"] : [];
}

/** An appointment over the hour that a clock shows twice would end before it begins: it is drawn by its length. */
function wallEnd(row: Appointment, zone: string): string {
  const start = toWall(row.start_time, zone);
  const end = toWall(row.end_time, zone);
  const drawn =
    end > start ? end : wallPlus(start, minutesBetween(row.start_time, row.end_time) * 60);
  return drawn.replace("T", " ");
}

/** The new times of an appointment that was dragged by *seconds* on the wall; its real length stays. */
export function movedTimes(
  row: Appointment,
  zone: string,
  seconds: number,
): { start_time: string; end_time: string } {
  const start = fromWall(wallPlus(toWall(row.start_time, zone), seconds), zone);
  return {
    start_time: start,
    end_time: addMinutes(start, minutesBetween(row.start_time, row.end_time)),
  };
}

/** The new end of an appointment whose edge was dragged by *seconds* on the wall. */
export function resizedEnd(row: Appointment, zone: string, seconds: number): string {
  return fromWall(wallPlus(toWall(row.end_time, zone), seconds), zone);
}

function wallPlus(wall: string, seconds: number): string {
  return Temporal.PlainDateTime.from(wall).add({ seconds }).toString({ smallestUnit: "second" });
}

/**
 * The hatched stretches of a view.
 *
 * With columns each member has their own; without, a time is closed when all of the members are away.
 */
export function closedEvents(
  data: OpeningData,
  members: readonly TeamMember[],
  workspaceZone: string,
  zone: string,
  days: DateRange,
  options: { columns: boolean; offLabel: (reason: string | null) => string },
): Calendar.EventInput[] {
  const whole = {
    fromMs: Date.parse(startOfDay(days.from, zone)),
    toMs: Date.parse(startOfDay(days.to, zone)),
  };
  const openOf = (member: TeamMember) =>
    openStretches(
      data,
      member.id,
      member.time_zone ?? workspaceZone,
      addDays(days.from, -1),
      days.to,
    );
  if (!options.columns) {
    const open = members.flatMap((member) =>
      openOf(member).flatMap((window) => gaps(window, timeOffOf(data, member.id))),
    );
    return gaps(whole, open).flatMap((stretch) => background(stretch, zone, [], "closed", ""));
  }
  const closed = members.flatMap((member) =>
    gaps(whole, openOf(member)).flatMap((stretch) =>
      background(stretch, zone, [member.id], "closed", ""),
    ),
  );
  const shown = new Set(members.map((member) => member.id));
  const off = data.timeOff
    .filter((stretch) => shown.has(stretch.team_member_id))
    .flatMap((stretch) =>
      background(
        {
          fromMs: Math.max(whole.fromMs, Date.parse(stretch.start_time)),
          toMs: Math.min(whole.toMs, Date.parse(stretch.end_time)),
        },
        zone,
        [stretch.team_member_id],
        "off",
        options.offLabel(stretch.reason),
      ),
    );
  return [...closed, ...off];
}

function background(
  stretch: Stretch,
  zone: string,
  resourceIds: string[],
  kind: ClosedCard["kind"],
  label: string,
): Calendar.EventInput[] {
  if (stretch.toMs <= stretch.fromMs) return [];
  const start = wallOf(new Date(stretch.fromMs).toISOString(), zone);
  const end = wallOf(new Date(stretch.toMs).toISOString(), zone);
  if (end <= start) return [];
  const card: ClosedCard = { kind, label };
  return [
    {
      id: `${kind} ${resourceIds.join()} ${start}`,
      start,
      end,
      resourceIds,
      display: "background",
      classNames: [kind === "off" ? "is-off" : "is-closed"],
      extendedProps: { card },
    },
  ];
}
