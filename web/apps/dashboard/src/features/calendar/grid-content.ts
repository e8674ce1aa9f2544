/**
 * What stands in an event of the grid, as plain DOM nodes: the calendar library draws events, not React.
 */
import type { Calendar } from "@event-calendar/core";
import type { Status } from "../desk/statuses";
import type { ClosedCard, EventCard } from "./grid-events";

export type Card = EventCard | ClosedCard;

/** Each state has a shape of its own; paths of a 16 × 16 box. */
const ICONS: Record<Status, string> = {
  pending: "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11M8 5v3.2l2 1.3",
  confirmed: "M3.5 8.5 6.5 11.5 12.5 4.5",
  completed: "M8 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7Z",
  no_show: "M8 3v6M8 12.2v.3",
  cancelled: "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11M4.2 4.2l7.6 7.6",
};

export function eventContent(info: Calendar.EventContentInfo, locale: string): Calendar.Content {
  const card = info.event.extendedProps.card as Card | undefined;
  // The library's own: the stretch that is being drawn.
  if (card === undefined) return { domNodes: [element("time", "ev-time", info.timeText)] };
  if (card.kind !== "appointment") {
    return { domNodes: card.label === "" ? [] : [element("span", "ev-off", card.label)] };
  }
  const head = element("span", "ev-head");
  head.append(
    icon(card.status),
    element("span", "sr-only", `${card.statusLabel} `),
    element("time", "ev-time ev-range", info.timeText),
    // Where a column is narrow, only this one has room.
    element("time", "ev-time ev-start", startText(info.event.start, locale)),
  );
  return {
    domNodes: [
      head,
      element("strong", "ev-customer", card.customer),
      element("span", "ev-service", card.service),
    ],
  };
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** The library's dates hold the wall time in the reader's own zone. */
function startText(wall: Date, locale: string): string {
  const format =
    formats.get(locale) ?? new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
  formats.set(locale, format);
  return format.format(wall);
}

function element(tag: string, className: string, text = ""): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

function icon(status: Status): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `ev-icon ev-icon-${status}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[status]);
  svg.append(path);
  return svg;
}
