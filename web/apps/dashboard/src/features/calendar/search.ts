/** What of the calendar is in the address: everything that a colleague should see when they open the same link. */
import {
  id,
  listOf,
  minutes,
  oneOf,
  plainDate,
  wallTime,
  withoutUndefined,
} from "../desk/search-values";
import { STATUSES, type Status } from "../desk/statuses";

export const VIEWS = ["day", "week", "month", "agenda"] as const;
export type View = (typeof VIEWS)[number];

export interface CalendarSearch {
  /** Plain date in the shown zone, `YYYY-MM-DD`; absent: today. */
  date?: string;
  /** Absent: the day on wide screens, the agenda on phones. */
  view?: View;
  /** Ids of team members; absent: all. */
  members?: string[];
  /** Absent: all that are not cancelled. */
  statuses?: Status[];
  /** Id of the appointment whose sheet is open. */
  appointment?: string;
  /** Wall time at which a new appointment begins, or only its day; its sheet is open. */
  new?: string;
  /** Length of the stretch that was drawn for the new appointment. */
  minutes?: number;
  /** Team member in whose column it was drawn. */
  for?: string;
}

/** A change of the address; undefined takes something out of it. */
export type SearchChange = { [K in keyof CalendarSearch]?: CalendarSearch[K] | undefined };

/** Takes what is valid out of an address and drops the rest without a word: links outlive what they name. */
export function validateCalendarSearch(raw: Record<string, unknown>): CalendarSearch {
  return withoutUndefined({
    date: plainDate(raw.date),
    view: oneOf(VIEWS, raw.view),
    members: listOf(raw.members, id),
    statuses: listOf(raw.statuses, (item) => oneOf(STATUSES, item)),
    appointment: id(raw.appointment),
    new: plainDate(raw.new) ?? wallTime(raw.new),
    minutes: minutes(raw.minutes),
    for: id(raw.for),
  });
}
