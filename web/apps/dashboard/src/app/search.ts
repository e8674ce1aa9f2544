/**
 * How addresses of the dashboard are written, and what pages other than the calendar have in them.
 *
 * Arrays are written with commas and everything else as plain text, so that people can read and edit an address.
 */
import { id, matching, withoutUndefined } from "../features/desk/search-values";

const SLUG = /^[a-z0-9][a-z0-9-]{1,62}$/;

/** What every page of the dashboard keeps in its address. */
export interface DashboardSearch {
  /** Slug of the workspace; absent: the one used last. */
  workspace?: string;
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
  return withoutUndefined({ member: id(raw.member) });
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
