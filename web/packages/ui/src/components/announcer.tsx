import { useSyncExternalStore } from "react";

/**
 * Two live regions that are in the page from the start: `status` for news, which wait for their turn, and `alert`
 * for a loss, which does not. News are read at most every {@link QUIET_MS}: what comes sooner is merged.
 */

const QUIET_MS = 3_000;
const CLEAR_MS = 8_000;

const SHOWN =
  "fixed inset-x-4 bottom-[calc(5.5rem+env(safe-area-inset-bottom))] z-50 mx-auto max-w-md rounded-card border border-line-strong bg-raised p-4 text-ink text-md shadow-float";

interface Said {
  news: string;
  loss: string;
  /** Whether the loss is to be seen as well. */
  isShown: boolean;
}

const NOTHING: Said = { news: "", loss: "", isShown: false };

let said = NOTHING;
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

/**
 * Reads a sentence aloud at once; only for a loss: a conflict, a cancelled appointment, something not saved.
 *
 * @param isShown Whether to show it meanwhile, as nothing else does.
 */
export function alertNow(sentence: string, isShown = false): void {
  // The same sentence again would not be read, so it is told apart by a space that nobody hears.
  say({ loss: said.loss === sentence ? `${sentence}\u00a0` : sentence, isShown });
}

/** Mount it once, in the shell. */
export function Announcer() {
  const { news, loss, isShown } = useSyncExternalStore(listen, () => said);
  return (
    <>
      <div role="status" className="sr-only" data-announcer="news">
        {news}
      </div>
      <div role="alert" className={isShown ? SHOWN : "sr-only"} data-announcer="loss">
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
  said = NOTHING;
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
