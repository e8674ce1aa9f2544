/** What a customer has chosen so far. It lives in the address: reloading and going back keep it. */
export interface Draft {
  service?: string | undefined;
  /** A team member's id, or {@link ANYONE}. */
  person?: string | undefined;
  /** The day that is looked at, by the shop's calendar. */
  day?: string | undefined;
  /** The instant that was chosen. */
  time?: string | undefined;
  step?: Step | undefined;
  /** The appointment that came of it. */
  booked?: string | undefined;
}

export const ANYONE = "anyone";

export const STEPS = ["service", "person", "time", "you"] as const;
export type Step = (typeof STEPS)[number];

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Reads a draft out of the address, which anybody may have written: what makes no sense is left out. */
export function parseDraft(search: Record<string, unknown>): Draft {
  const draft: Draft = {
    service: matching(search.service, UUID),
    person: search.person === ANYONE ? ANYONE : matching(search.person, UUID),
    day: validDay(search.day),
    time: validInstant(search.time),
    step: STEPS.find((step) => step === search.step),
    booked: matching(search.booked, UUID),
  };
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined));
}

/**
 * The step to show: the one asked for, or the first that has to come before it.
 *
 * @param offered By service, the ids of those who give it.
 */
export function stepOf(draft: Draft, offered: ReadonlyMap<string, readonly string[]>): Step {
  const members = draft.service ? offered.get(draft.service) : undefined;
  if (!members) return "service";
  const wanted = draft.step ?? "person";
  if (wanted === "service") return "service";
  const personIsKnown =
    draft.person === ANYONE || (draft.person !== undefined && members.includes(draft.person));
  if (!personIsKnown) return "person";
  if (wanted === "you" && !draft.time) return "time";
  return wanted;
}

function matching(value: unknown, pattern: RegExp): string | undefined {
  return typeof value === "string" && pattern.test(value) ? value : undefined;
}

function validDay(value: unknown): string | undefined {
  const day = matching(value, DAY);
  return day && !Number.isNaN(Date.parse(`${day}T00:00:00Z`)) ? day : undefined;
}

function validInstant(value: unknown): string | undefined {
  if (typeof value !== "string" || Number.isNaN(Date.parse(value))) return undefined;
  return new Date(value).toISOString();
}
