// Who is looking, from what the tabs say of themselves.

export const PLACES = [
  "day",
  "week",
  "month",
  "agenda",
  "customers",
  "services",
  "team",
  "settings",
] as const;
export type PlaceName = (typeof PLACES)[number];

/** Where a tab is. */
export interface Place {
  view: PlaceName;
  /** Plain date, `YYYY-MM-DD`, where the view has one. */
  date: string | null;
}

/** What a tab tells the others. */
export interface Looking extends Place {
  user_id: string;
  /** Milliseconds since 1970 when the tab came to this place. */
  at: number;
}

export interface Person extends Place {
  userId: string;
}

/** Presence state as supabase-js hands it out: metas by key, a key for each tab. */
export type PresenceState = Readonly<Record<string, readonly unknown[]>>;

/**
 * Lists the other people, each once, where they went last, in a steady order.
 *
 * What other browsers send is not believed: whatever has not the shape of a place is left out, and so is everybody
 * who is not a member.
 */
export function peopleIn(
  state: PresenceState,
  me: string,
  isMember: (userId: string) => boolean,
): Person[] {
  const latest = new Map<string, Looking>();
  for (const meta of Object.values(state).flat()) {
    if (!isLooking(meta) || meta.user_id === me || !isMember(meta.user_id)) continue;
    const known = latest.get(meta.user_id);
    if (!known || known.at < meta.at) latest.set(meta.user_id, meta);
  }
  return [...latest.values()]
    .map(({ user_id, view, date }) => ({ userId: user_id, view, date }))
    .toSorted((a, b) => a.userId.localeCompare(b.userId));
}

const PLAIN_DATE = /^\d{4}-\d{2}-\d{2}$/;

function isLooking(meta: unknown): meta is Looking {
  if (typeof meta !== "object" || meta === null) return false;
  const { user_id, view, date, at } = meta as Partial<Record<keyof Looking, unknown>>;
  return (
    typeof user_id === "string" &&
    PLACES.some((place) => place === view) &&
    (date === null || (typeof date === "string" && PLAIN_DATE.test(date))) &&
    typeof at === "number"
  );
}
