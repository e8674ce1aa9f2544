/**
 * The grid of days: the one component that knows the calendar library.
 *
 * Everything that comes in and goes out is ours: rows with instants, members, a zone, and callbacks that say what
 * somebody wants. While something is dragged, rows that change are held back, since replacing events would take the
 * dragged one out of the hand.
 */
import {
  type Calendar,
  createCalendar,
  DayGrid,
  destroyCalendar,
  Interaction,
  ResourceTimeGrid,
  TimeGrid,
} from "@event-calendar/core";
import "@event-calendar/core/index.css";
import "./calendar-grid.css";
import type { Appointment, TeamMember } from "@slotcast/realtime";
import { toWall } from "@slotcast/ui/zones";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { offsetOf } from "./dates";
import { eventContent } from "./grid-content";
import { movedTimes, resizedEnd, UNASSIGNED } from "./grid-events";

export type GridView = "day" | "week" | "month";

/** A stretch that somebody drew or a place they clicked, in wall time of the shown zone. */
export interface Drawn {
  /** `YYYY-MM-DDTHH:MM` */
  start: string;
  /** Absent after a click. */
  minutes?: number;
  /** Absent where there are no columns. */
  memberId?: string;
}

/** Where an appointment was dragged to. */
export interface Dropped {
  start_time: string;
  end_time: string;
  team_member_id: string | null;
}

export interface CalendarGridProps {
  label: string;
  rows: readonly Appointment[];
  /** Drawn from the rows, and closed stretches among them. */
  events: readonly Calendar.EventInput[];
  members: readonly TeamMember[];
  /** Column that appointments without a member get; absent: no column. */
  unassignedLabel?: string | undefined;
  /** How many appointments each member has on the shown day. */
  counts: ReadonlyMap<string, number>;
  timeZone: string;
  view: GridView;
  /** `YYYY-MM-DD` */
  date: string;
  locale: string;
  /** Monday 1 … Sunday 7. */
  firstWeekday: number;
  /** First and last hour of a day. */
  hours: { from: number; to: number };
  snapMinutes: number;
  nowMs: number;
  /** What the line of now says. */
  nowLabel: string;
  /** What stands where a day of the month has no room for all. */
  moreLabel: (count: number) => string;
  canWrite: boolean;
  /** `undo` puts the event back where it was, for a change that is not even tried. */
  onMove: (row: Appointment, to: Dropped, undo: () => void) => void;
  onResize: (row: Appointment, end_time: string, undo: () => void) => void;
  onCreate: (drawn: Drawn) => void;
  onOpen: (id: string) => void;
  /** A day of the month was chosen. */
  onDay: (date: string) => void;
  onPoint: (id: string, element: HTMLElement) => void;
  onLeave: () => void;
  /** Whether somebody drags. */
  onHold: (isHeld: boolean) => void;
  /** Whether a row would collide if it were dropped there. */
  collides: (row: Appointment, to: Dropped) => boolean;
}

const PLUGINS = [ResourceTimeGrid, TimeGrid, DayGrid, Interaction];
const VIEW_NAMES = {
  day: "resourceTimeGridDay",
  week: "timeGridWeek",
  month: "dayGridMonth",
} as const;
const SLOT_MINUTES = 15;
const SLOT_HEIGHT_PX = 17;
const LONG_PRESS_MS = 350;
const EVENT_GAP_PX = 2;

export function CalendarGrid(props: CalendarGridProps) {
  const target = useRef<HTMLDivElement>(null);
  const [calendar, setCalendar] = useState<Calendar | null>(null);
  const [isHeld, setHeld] = useState(false);
  const callbacks = useGridCallbacks(props, target, setHeld);

  useEffect(() => {
    if (target.current === null) return;
    const made = createCalendar(target.current, PLUGINS, callbacks());
    setCalendar(made);
    return () => {
      setCalendar(null);
      void destroyCalendar(made);
    };
  }, [callbacks]);

  useOption(calendar, "locale", props.locale);
  useOption(calendar, "view", VIEW_NAMES[props.view]);
  useOption(calendar, "date", props.date);
  useOption(calendar, "firstDay", (props.firstWeekday % 7) as Calendar.dayOfWeek);
  useOption(calendar, "timeZone", offsetOf(props.timeZone, props.nowMs));
  useOption(calendar, "slotMinTime", `${props.hours.from}:00`);
  useOption(calendar, "slotMaxTime", `${props.hours.to}:00`);
  useOption(calendar, "snapDuration", `00:${String(props.snapMinutes).padStart(2, "0")}`);
  useOption(calendar, "selectable", props.canWrite && props.view !== "month");
  useResources(calendar, props);
  useHeldEvents(calendar, props, isHeld);
  useScrollToNow(calendar, target, props);

  return (
    // biome-ignore lint/a11y/useSemanticElements: a region of buttons, for which HTML has no element
    <div
      ref={target}
      role="group"
      aria-label={props.label}
      className="calendar-grid"
      data-view={props.view}
      style={{ "--now-label": `"${props.nowLabel}"` } as React.CSSProperties}
      onFocus={(event) => {
        if (event.target.matches(":focus-visible")) callPoint(event.target, props.onPoint);
      }}
      onBlur={props.onLeave}
    />
  );
}

function useOption<K extends keyof Calendar.Options>(
  calendar: Calendar | null,
  name: K,
  value: Calendar.Options[K],
): void {
  useEffect(() => {
    calendar?.setOption(name, value);
  }, [calendar, name, value]);
}

function useResources(calendar: Calendar | null, props: CalendarGridProps): void {
  const { members, counts, unassignedLabel } = props;
  useEffect(() => {
    const columns = members.map((member) => ({
      id: member.id,
      title: member.name,
      extendedProps: { color: member.color, count: counts.get(member.id) ?? 0 },
    }));
    const unassigned = unassignedLabel
      ? [{ id: UNASSIGNED, title: unassignedLabel, extendedProps: {} }]
      : [];
    calendar?.setOption("resources", [...columns, ...unassigned]);
  }, [calendar, members, counts, unassignedLabel]);
}

/** Gives the grid its events, but not while one of them is being dragged. */
function useHeldEvents(
  calendar: Calendar | null,
  { events, view }: CalendarGridProps,
  isHeld: boolean,
): void {
  const gap = useRef(EVENT_GAP_PX);
  useEffect(() => {
    if (isHeld) return;
    calendar?.setOption("events", [...events]);
    if (view !== "month") return;
    // When its events change, the month puts them all on the first line and stacks them only when its own size or
    // the gap changes, so the gap does, by nothing that can be seen.
    const frame = requestAnimationFrame(() => {
      gap.current = gap.current === EVENT_GAP_PX ? EVENT_GAP_PX + 0.001 : EVENT_GAP_PX;
      calendar?.setOption("eventGap", gap.current);
    });
    return () => cancelAnimationFrame(frame);
  }, [calendar, events, view, isHeld]);
}

/** Brings the present, or the morning of another day, into sight when another day is shown. */
function useScrollToNow(
  calendar: Calendar | null,
  target: React.RefObject<HTMLDivElement | null>,
  props: CalendarGridProps,
): void {
  const { view, timeZone, hours } = props;
  const scroll = useEffectEvent(() => {
    const main = target.current?.querySelector(".ec-main");
    if (!main || view === "month") return;
    const hour = Number(toWall(new Date(props.nowMs).toISOString(), timeZone).slice(11, 13));
    const slots = ((Math.max(hour - 1, hours.from) - hours.from) * 60) / SLOT_MINUTES;
    main.scrollTop = slots * SLOT_HEIGHT_PX;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: again for each view, but not under the user's hand
  useEffect(() => {
    if (!calendar) return;
    const frame = requestAnimationFrame(() => scroll());
    return () => cancelAnimationFrame(frame);
  }, [calendar, view]);
}

/** The library's options that never change: how things look, and callbacks that always call the newest props. */
function useGridCallbacks(
  props: CalendarGridProps,
  target: React.RefObject<HTMLDivElement | null>,
  setHeld: (isHeld: boolean) => void,
): () => Calendar.Options {
  const rowOf = (id: string | number) => props.rows.find((row) => row.id === id);
  const hold = useEffectEvent((isHeld: boolean) => {
    setHeld(isHeld);
    props.onHold(isHeld);
    if (isHeld) props.onLeave();
    else target.current?.removeAttribute("data-collides");
  });
  const dropped = useEffectEvent((info: Calendar.EventDropInfo) => {
    const row = rowOf(info.event.id);
    if (row) props.onMove(row, placeOf(row, info, props.timeZone), info.revert);
  });
  const resized = useEffectEvent((info: Calendar.EventResizeInfo) => {
    const row = rowOf(info.event.id);
    if (!row) return;
    props.onResize(row, resizedEnd(row, props.timeZone, secondsOf(info.endDelta)), info.revert);
  });
  const warn = useEffectEvent((id: string | number, to: (row: Appointment) => Dropped) => {
    const row = rowOf(id);
    const isTaken = row !== undefined && props.collides(row, to(row));
    target.current?.toggleAttribute("data-collides", isTaken);
  });
  const selected = useEffectEvent((info: Calendar.SelectInfo) => {
    const minutes = (Date.parse(`${info.endStr}Z`) - Date.parse(`${info.startStr}Z`)) / 60_000;
    props.onCreate({ ...drawnAt(info.startStr, info.resource), minutes });
  });
  const clicked = useEffectEvent((info: Calendar.DateClickInfo) => {
    if (props.view === "month") props.onDay(info.dateStr.slice(0, 10));
    else if (props.canWrite) props.onCreate(drawnAt(info.dateStr, info.resource));
  });
  const opened = useEffectEvent((id: string) => props.onOpen(id));
  const pointed = useEffectEvent((id: string, element: HTMLElement) => props.onPoint(id, element));
  const left = useEffectEvent(() => props.onLeave());
  const zone = useEffectEvent(() => props.timeZone);
  const content = useEffectEvent((info: Calendar.EventContentInfo) =>
    eventContent(info, props.locale),
  );
  const more = useEffectEvent((count: number) => props.moreLabel(count));

  const [options] = useState(
    () => (): Calendar.Options => ({
      headerToolbar: { start: "", center: "", end: "" },
      height: "100%",
      allDaySlot: false,
      nowIndicator: true,
      slotDuration: { minutes: SLOT_MINUTES },
      slotHeight: SLOT_HEIGHT_PX,
      slotLabelInterval: "01:00",
      slotEventOverlap: false,
      flexibleSlotTimeLimits: true,
      dayMaxEvents: true,
      moreLinkContent: ({ num }) => more(num),
      eventGap: EVENT_GAP_PX,
      eventTimeFormat: { hour: "numeric", minute: "2-digit" },
      slotLabelFormat: { hour: "numeric", minute: "2-digit" },
      views: {
        timeGridWeek: { dayHeaderFormat: { weekday: "short", day: "numeric" } },
        dayGridMonth: { dayHeaderFormat: { weekday: "short" } },
      },
      longPressDelay: LONG_PRESS_MS,
      selectMinDistance: 6,
      eventDragMinDistance: 4,
      selectBackgroundColor: "var(--accent-soft)",
      resourceLabelContent: columnHead,
      eventContent: (info) => content(info),
      eventDidMount: ({ el, event }) => {
        if (event.extendedProps.card) el.dataset.appointment = String(event.id);
      },
      eventAllUpdated: () => target.current && tameRoles(target.current),
      viewDidMount: () => target.current && tameRoles(target.current),
      eventDragStart: () => hold(true),
      eventResizeStart: () => hold(true),
      // The library tells of the drop only after this, and the row must not jump back in between.
      eventDragStop: () => queueMicrotask(() => hold(false)),
      eventResizeStop: () => queueMicrotask(() => hold(false)),
      dragConstraint: (info) => {
        warn(info.event.id, (row) => placeOf(row, info, zone()));
        return true;
      },
      resizeConstraint: (info) => {
        warn(info.event.id, (row) => ({
          ...row,
          end_time: resizedEnd(row, zone(), secondsOf(info.endDelta)),
        }));
        return true;
      },
      eventDrop: dropped,
      eventResize: resized,
      select: selected,
      dateClick: clicked,
      eventClick: ({ event }) => opened(String(event.id)),
      eventMouseEnter: ({ el }) => callPoint(el, pointed),
      eventMouseLeave: left,
    }),
  );
  return options;
}

/** Where a dragged event is: by how much it moved on the wall, and in whose column it is now. */
function placeOf(row: Appointment, info: Calendar.EventDropInfo, zone: string): Dropped {
  const column = info.newResource?.id;
  const member = column === undefined ? row.team_member_id : column === UNASSIGNED ? null : column;
  return { ...movedTimes(row, zone, secondsOf(info.delta)), team_member_id: member };
}

function secondsOf(duration: Calendar.Duration): number {
  return duration.days * 86_400 + duration.seconds;
}

function drawnAt(start: string, resource: Calendar.Resource | undefined): Drawn {
  const memberId = resource && resource.id !== UNASSIGNED ? resource.id : undefined;
  return { start: start.slice(0, 16), ...(memberId ? { memberId } : {}) };
}

function callPoint(
  element: EventTarget,
  onPoint: (id: string, element: HTMLElement) => void,
): void {
  if (!(element instanceof HTMLElement)) return;
  const event = element.closest<HTMLElement>(".ec-event[data-appointment]");
  if (event?.dataset.appointment) onPoint(event.dataset.appointment, event);
}

function columnHead({ resource }: Calendar.ResourceLabelInfo): Calendar.Content {
  const { color, count } = resource.extendedProps as { color?: string; count?: number };
  const head = document.createElement("span");
  head.className = "member ev-column";
  head.style.setProperty("--member", color ?? "#8a8378");
  const dot = document.createElement("span");
  dot.className = "ev-dot member-dot";
  const name = document.createElement("span");
  name.className = "ev-name";
  name.textContent = String(resource.title);
  const number = document.createElement("span");
  number.className = "ev-count";
  number.textContent = count ? String(count) : "";
  head.append(dot, name, number);
  return { domNodes: [head] };
}

/**
 * The library says that it is a table, but its events are no cells, so screen readers would look for a table that is
 * not there. It is a group of buttons; the agenda is the list for those who read.
 */
function tameRoles(target: HTMLElement): void {
  for (const role of ["table", "row", "rowgroup", "cell", "columnheader"]) {
    for (const element of target.querySelectorAll(`[role="${role}"]`)) {
      element.removeAttribute("role");
      element.removeAttribute("aria-colindex");
      element.removeAttribute("aria-colspan");
    }
  }
  for (const label of target.querySelectorAll(".ec-col-head > [aria-label]")) {
    label.removeAttribute("aria-label");
  }
}
