// What went on while nobody looked: counted meanwhile, said in one sentence afterwards.

export interface Countable {
  id: number;
  actorId: string | null;
  isWorthTelling: boolean;
}

/** How many changes of others the reader has missed. */
export function missed(events: readonly Countable[], sinceId: number, me: string): number {
  return events.filter(
    (event) => event.id > sinceId && event.actorId !== me && event.isWorthTelling,
  ).length;
}

/** The tab's title with the number of missed changes in front; an older number is replaced. */
export function titleWithCount(title: string, count: number): string {
  const plain = title.replace(/^\(\d+\+?\) /, "");
  if (count === 0) return plain;
  return `(${count > 99 ? "99+" : count}) ${plain}`;
}
