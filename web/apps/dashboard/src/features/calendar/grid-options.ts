/** How the calendar library is set up once: how things look, and what it tells us. */
import type { Calendar } from "@event-calendar/core";
import type { Appointment } from "@slotcast/realtime";
import type { CalendarGridProps, DrawnStretch, Dropped } from "./calendar-grid";
import { type Card, eventContent } from "./grid-content";
import { columnHead, pointAt, tameRoles } from "./grid-dom";
import { movedTimes, resizedEnd, UNASSIGNED } from "./grid-events";

export const SLOT_MINUTES = 15;
export const SLOT_HEIGHT_PX = 17;
export const EVENT_GAP_PX = 2;
const LONG_PRESS_MS = 350;

export interface GridHost {
  /** The newest ones: the library keeps its callbacks for good. */
  props: () => CalendarGridProps;
  element: () => HTMLElement | null;
  setHeld: (isHeld: boolean) => void;
}

export function gridOptions(host: GridHost): Calendar.Options {
  return { ...looks(host), ...pointing(host), ...drawing(host), ...dragging(host) };
}

function looks({ props, element }: GridHost): Calendar.Options {
  const tame = () => {
    const grid = element();
    if (grid) tameRoles(grid);
  };
  return {
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
    moreLinkContent: ({ num }) => props().moreLabel(num),
    eventGap: EVENT_GAP_PX,
    eventTimeFormat: { hour: "numeric", minute: "2-digit" },
    views: {
      timeGridWeek: { dayHeaderFormat: { weekday: "short", day: "numeric" } },
      dayGridMonth: { dayHeaderFormat: { weekday: "short" } },
    },
    selectBackgroundColor: "var(--accent-soft)",
    resourceLabelContent: columnHead,
    eventContent: (info) => eventContent(info, props().locale),
    eventDidMount: ({ el, event }) => {
      const card = event.extendedProps.card as Card | undefined;
      if (card?.kind === "appointment") el.dataset.appointment = String(event.id);
    },
    eventAllUpdated: tame,
    viewDidMount: tame,
  };
}

function pointing({ props }: GridHost): Calendar.Options {
  return {
    eventClick: ({ event }) => props().onOpen(String(event.id)),
    eventMouseEnter: ({ el }) => pointAt(el, props().onPoint),
    eventMouseLeave: () => props().onLeave(),
  };
}

function drawing({ props }: GridHost): Calendar.Options {
  return {
    longPressDelay: LONG_PRESS_MS,
    selectMinDistance: 6,
    select: ({ startStr, endStr, resource }) => {
      const minutes = (Date.parse(`${endStr}Z`) - Date.parse(`${startStr}Z`)) / 60_000;
      props().onCreate({ ...drawnAt(startStr, resource), minutes });
    },
    dateClick: ({ dateStr, resource }) => {
      const { view, canWrite, onDay, onCreate } = props();
      if (view === "month") onDay(dateStr.slice(0, 10));
      else if (canWrite) onCreate(drawnAt(dateStr, resource));
    },
  };
}

function dragging({ props, element, setHeld }: GridHost): Calendar.Options {
  const rowOf = (event: Calendar.Event) => props().rows.find((row) => row.id === event.id);

  function hold(isHeld: boolean): void {
    setHeld(isHeld);
    props().onHold(isHeld);
    if (isHeld) props().onLeave();
    else element()?.removeAttribute("data-collides");
  }
  /** Hatches what is dragged while it would collide there; nothing is forbidden. */
  function warn(row: Appointment | undefined, to: (row: Appointment) => Dropped): true {
    element()?.toggleAttribute(
      "data-collides",
      row !== undefined && props().collides(row, to(row)),
    );
    return true;
  }
  // The library tells of the drop only after it has told of the stop, and the row must not jump back in between.
  const release = () => queueMicrotask(() => hold(false));

  return {
    eventDragMinDistance: 4,
    eventDragStart: () => hold(true),
    eventResizeStart: () => hold(true),
    eventDragStop: release,
    eventResizeStop: release,
    dragConstraint: (info) =>
      warn(rowOf(info.event), (row) => placeOf(row, info, props().timeZone)),
    resizeConstraint: (info) =>
      warn(rowOf(info.event), (row) => ({ ...row, end_time: endOf(row, info, props().timeZone) })),
    eventDrop: (info) => {
      const row = rowOf(info.event);
      if (row) props().onMove(row, placeOf(row, info, props().timeZone), info.revert);
    },
    eventResize: (info) => {
      const row = rowOf(info.event);
      if (row) props().onResize(row, endOf(row, info, props().timeZone), info.revert);
    },
  };
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

function drawnAt(start: string, resource: Calendar.Resource | undefined): DrawnStretch {
  const memberId = resource && resource.id !== UNASSIGNED ? resource.id : undefined;
  return { start: start.slice(0, 16), ...(memberId ? { memberId } : {}) };
}

function endOf(row: Appointment, info: Calendar.EventResizeInfo, zone: string): string {
  return resizedEnd(row, zone, secondsOf(info.endDelta));
}
