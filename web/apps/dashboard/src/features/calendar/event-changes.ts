/**
 * What of the grid's events is new, other, or gone.
 *
 * The calendar library draws an event anew when it is given it anew. So it is given only what changed: the rest keeps
 * its element, and with it the focus, and a change of one appointment costs no more than one.
 */
import type { Calendar } from "@event-calendar/core";

/** Events by id, as text that tells whether two are the same. */
export type Drawn = ReadonlyMap<string, string>;

export interface EventChanges {
  added: Calendar.EventInput[];
  changed: Calendar.EventInput[];
  /** Ids. */
  gone: string[];
  drawn: Drawn;
}

export function eventChanges(before: Drawn, events: readonly Calendar.EventInput[]): EventChanges {
  const drawn = new Map(events.map((event) => [String(event.id), JSON.stringify(event)]));
  return {
    added: events.filter(({ id }) => !before.has(String(id))),
    changed: events.filter(({ id }) => {
      const known = before.get(String(id));
      return known !== undefined && known !== drawn.get(String(id));
    }),
    gone: [...before.keys()].filter((id) => !drawn.has(id)),
    drawn,
  };
}

/** Whether so much is other that drawing all anew is less work. */
export function isMostlyOther({ added, changed, gone, drawn }: EventChanges): boolean {
  return added.length + changed.length + gone.length > drawn.size / 2;
}
