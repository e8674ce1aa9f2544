/**
 * What of the calendar is in the address: everything that a colleague should see when they open the same link.
 *
 * Arrays are written with commas and everything else as plain text, so that people can read and edit the address.
 */

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

/** What every page of the dashboard keeps in its address. */
export interface DashboardSearch {
  /** Slug of the workspace; absent: the one used last. */
  workspace?: string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const PLAIN_DATE = /^\d{4}-\d{2}-\d{2}$/;
const WALL_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/;
const SLUG = /^[a-z0-9][a-z0-9-]{1,62}$/;
const LONGEST_MINUTES = 24 * 60;

/** Takes what is valid out of an address and drops the rest without a word: links outlive what they name. */
export function validateCalendarSearch(raw: Record<string, unknown>): CalendarSearch {
  return withoutUndefined({
    date: plainDate(raw.date),
    view: oneOf(VIEWS, raw.view),
    members: listOf(raw.members, (item) => (UUID.test(item) ? item.toLowerCase() : undefined)),
    statuses: listOf(raw.statuses, (item) => oneOf(STATUSES, item)),
    appointment: matching(UUID, raw.appointment)?.toLowerCase(),
    new: plainDate(raw.new) ?? wallTime(raw.new),
    minutes: minutes(raw.minutes),
    for: matching(UUID, raw.for)?.toLowerCase(),
  });
}

export function validateDashboardSearch(raw: Record<string, unknown>): DashboardSearch {
  return withoutUndefined({ workspace: matching(SLUG, raw.workspace) });
}

/** What the customers page looks for. */
export function validateCustomersSearch(raw: Record<string, unknown>): { q?: string } {
  return withoutUndefined({ q: typeof raw.q === "string" && raw.q !== "" ? raw.q : undefined });
}

/** Whose hours are shown. */
export function validateTeamSearch(raw: Record<string, unknown>): { member?: string } {
  return withoutUndefined({ member: matching(UUID, raw.member)?.toLowerCase() });
}

/** `?a=1&b=x,y` → `{a: "1", b: "x,y"}`. */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

/** The inverse of {@link parseSearch} for what the validators return. */
export function stringifySearch(search: Record<string, unknown>): string {
  const pairs = Object.entries(search).flatMap(([key, value]) => {
    if (value === undefined || value === null || value === "") return [];
    const text = Array.isArray(value) ? value.join(",") : String(value);
    return text === "" ? [] : [`${encodeURIComponent(key)}=${readable(text)}`];
  });
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

/** Commas and colons need no escape in a query, and addresses are for people too. */
function readable(text: string): string {
  return encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%3A", ":");
}

function plainDate(value: unknown): string | undefined {
  const text = matching(PLAIN_DATE, value);
  return text !== undefined && isRealDate(text) ? text : undefined;
}

function wallTime(value: unknown): string | undefined {
  const text = matching(WALL_TIME, value);
  if (text === undefined || !isRealDate(text.slice(0, 10))) return undefined;
  const [hour, minute] = text.slice(11).split(":").map(Number);
  return (hour ?? 99) < 24 && (minute ?? 99) < 60 ? text : undefined;
}

/** 2027-02-30 looks like a date and is none. */
function isRealDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function minutes(value: unknown): number | undefined {
  const number =
    typeof value === "string" || typeof value === "number" ? Number(value) : Number.NaN;
  return Number.isInteger(number) && number > 0 && number <= LONGEST_MINUTES ? number : undefined;
}

function matching(pattern: RegExp, value: unknown): string | undefined {
  return typeof value === "string" && pattern.test(value) ? value : undefined;
}

function oneOf<T extends string>(allowed: readonly T[], value: unknown): T | undefined {
  return allowed.find((candidate) => candidate === value);
}

/** A list without repetitions; an empty one means "no filter" and is left out. */
function listOf<T extends string>(
  value: unknown,
  parse: (item: string) => T | undefined,
): T[] | undefined {
  const items = Array.isArray(value)
    ? value.map(String)
    : typeof value === "string"
      ? value.split(",")
      : [];
  const valid = items.map(parse).filter((item) => item !== undefined);
  return valid.length === 0 ? undefined : [...new Set(valid)];
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(value: T): Present<T> {
  return Object.fromEntries(
    Object.entries(value).filter(([, entry]) => entry !== undefined),
  ) as Present<T>;
}
