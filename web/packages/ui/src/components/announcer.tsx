import { useSyncExternalStore } from "react";

/**
 * Two live regions that are in the page from the start: `status` for news, which wait for their turn, and `alert`
 * for a loss, which does not. News are read at most every {@link QUIET_MS}: what comes sooner is merged.
 */

const QUIET_MS = 3_000;
const CLEAR_MS = 8_000;

interface Said {
  news: string;
  loss: string;
}

let said: Said = { news: "", loss: "" };
let waiting: string[] = [];
let sayTimer: ReturnType<typeof setTimeout> | undefined;
let clearTimer: ReturnType<typeof setTimeout> | undefined;
let quietUntil = 0;
const listeners = new Set<() => void>();

/** Reads a sentence aloud when screen readers are free; use it for news. */
export function announce(sentence: string): void {
  waiting = [...waiting.filter((other) => other !== sentence), sentence];
  if (sayTimer !== undefined) return;
  sayTimer = setTimeout(sayWaiting, Math.max(50, quietUntil - Date.now()));
}

/** Reads a sentence aloud at once; only for a loss: a conflict, a cancelled appointment, something not saved. */
export function alertNow(sentence: string): void {
  // The same sentence again would not be read, so it is told apart by a space that nobody hears.
  say({ loss: said.loss === sentence ? `${sentence}\u00a0` : sentence });
}

/** Mount it once, in the shell. */
export function Announcer() {
  const { news, loss } = useSyncExternalStore(listen, () => said);
  return (
    <>
      <div role="status" className="sr-only" data-announcer="news">
        {news}
      </div>
      <div role="alert" className="sr-only" data-announcer="loss">
        {loss}
      </div>
    </>
  );
}

function sayWaiting(): void {
  sayTimer = undefined;
  say({ news: waiting.join(" ") });
  waiting = [];
  quietUntil = Date.now() + QUIET_MS;
}

function say(change: Partial<Said>): void {
  said = { ...said, ...change };
  for (const listener of listeners) listener();
  // What was said must not be met again by somebody who reads through the page later.
  clearTimeout(clearTimer);
  clearTimer = setTimeout(silence, CLEAR_MS);
}

function silence(): void {
  said = { news: "", loss: "" };
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
