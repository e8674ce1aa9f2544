import { useSyncExternalStore } from "react";

/** The time, in milliseconds, renewed each minute for everybody at once. */
export function useNow(): number {
  return useSyncExternalStore(listen, () => now);
}

const EVERY_MS = 60_000;

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function tick(): void {
  now = Date.now();
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    timer = setInterval(tick, EVERY_MS);
    // Timers sleep in hidden pages.
    document.addEventListener("visibilitychange", tick);
    if (Date.now() - now > EVERY_MS) queueMicrotask(tick);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
    document.removeEventListener("visibilitychange", tick);
  };
}
