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
import { useCallback, useEffect, useEffectEvent, useRef, useState } from "react";
import { hourBeside, offsetOf } from "./dates";
import { type Drawn, type EventChanges, eventChanges, isMostlyOther } from "./event-changes";
import { type Focused, focusedAppointment, pointAt, refocus, unseen } from "./grid-dom";
import { UNASSIGNED } from "./grid-events";
import { EVENT_GAP_PX, gridOptions, SLOT_HEIGHT_PX, SLOT_MINUTES } from "./grid-options";

export type GridView = "day" | "week" | "month";

/** A stretch that somebody drew or a place they clicked, in wall time of the shown zone. */
export interface DrawnStretch {
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
  onCreate: (drawn: DrawnStretch) => void;
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

const NOTHING: Drawn = new Map();
const PLUGINS = [ResourceTimeGrid, TimeGrid, DayGrid, Interaction];
const VIEW_NAMES = {
  day: "resourceTimeGridDay",
  week: "timeGridWeek",
  month: "dayGridMonth",
} as const;

export function CalendarGrid(props: CalendarGridProps) {
  const target = useRef<HTMLDivElement>(null);
  const [calendar, setCalendar] = useState<Calendar | null>(null);
  const [isHeld, setHeld] = useState(false);
  const latest = useEffectEvent(() => props);

  useEffect(() => {
    if (target.current === null) return;
    const options = gridOptions({
      props: () => latest(),
      element: () => target.current,
      setHeld,
    });
    const made = createCalendar(target.current, PLUGINS, options);
    setCalendar(made);
    return () => {
      setCalendar(null);
      void destroyCalendar(made);
    };
  }, []);

  useOption(calendar, "locale", props.locale);
  useOption(calendar, "view", VIEW_NAMES[props.view]);
  useOption(calendar, "date", props.date);
  useOption(calendar, "firstDay", (props.firstWeekday % 7) as Calendar.dayOfWeek);
  useOption(calendar, "timeZone", offsetOf(props.timeZone, props.nowMs));
  useOption(calendar, "slotMinTime", `${props.hours.from}:00`);
  useOption(calendar, "slotMaxTime", `${props.hours.to}:00`);
  useOption(calendar, "snapDuration", `00:${String(props.snapMinutes).padStart(2, "0")}`);
  useOption(calendar, "slotLabelFormat", useHourLabels(props));
  useOption(calendar, "selectable", props.canWrite && props.view !== "month");
  useResources(calendar, props);
  useHeldEvents(calendar, target, props, isHeld);
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
        if (event.target.matches(":focus-visible")) pointAt(event.target, props.onPoint);
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

/** Words for the hours; the one on which the time of now would lie only keeps its room. */
function useHourLabels({ view, date, locale, nowMs, timeZone }: CalendarGridProps) {
  const now = toWall(new Date(nowMs).toISOString(), timeZone);
  const covered = view === "day" && now.startsWith(date) ? hourBeside(now) : null;
  return useCallback(
    (time: Date) => {
      const words = time.toLocaleTimeString(locale, { hour: "numeric", minute: "2-digit" });
      return time.getHours() === covered ? unseen(words) : words;
    },
    [covered, locale],
  );
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
  target: React.RefObject<HTMLDivElement | null>,
  { events, view }: CalendarGridProps,
  isHeld: boolean,
): void {
  const drawn = useRef<Drawn>(NOTHING);
  const isSettling = useRef(false);
  // Kept until the next frame: until then events may be drawn anew more than once.
  const focused = useRef<Focused | null>(null);
  const gap = useRef(EVENT_GAP_PX);
  useEffect(() => {
    // What was dragged is not where it was drawn, so all is drawn anew afterwards; as on a new calendar.
    if (isHeld || calendar === null) drawn.current = NOTHING;
    if (isHeld || calendar === null) return;
    focused.current = focusedAppointment(target.current) ?? focused.current;
    const changes = eventChanges(drawn.current, events);
    drawn.current = changes.drawn;
    if (isSettling.current || isMostlyOther(changes)) {
      calendar.setOption("events", [...events]);
      // The library takes them over a little later, and would forget what is added meanwhile.
      isSettling.current = true;
      setTimeout(() => {
        isSettling.current = false;
      });
    } else apply(calendar, changes);
    const frame = requestAnimationFrame(() => {
      refocus(target.current, focused.current);
      focused.current = null;
      if (view !== "month") return;
      // When its events change, the month puts them all on the first line and stacks them only when its own size or
      // the gap changes, so the gap does, by nothing that can be seen.
      gap.current = gap.current === EVENT_GAP_PX ? EVENT_GAP_PX + 0.001 : EVENT_GAP_PX;
      calendar.setOption("eventGap", gap.current);
    });
    return () => cancelAnimationFrame(frame);
  }, [calendar, target, events, view, isHeld]);
}

function apply(calendar: Calendar, { added, changed, gone }: EventChanges): void {
  for (const id of gone) calendar.removeEventById(id);
  for (const event of changed) calendar.updateEvent(event);
  for (const event of added) calendar.addEvent(event);
}

/** Brings the present hour into sight when a view opens, and leaves the scroll position alone from then on. */
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
  // biome-ignore lint/correctness/useExhaustiveDependencies: again for each view
  useEffect(() => {
    if (!calendar) return;
    const frame = requestAnimationFrame(() => scroll());
    return () => cancelAnimationFrame(frame);
  }, [calendar, view]);
}
