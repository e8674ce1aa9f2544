/**
 * Notices the moments after which a page cannot trust what it shows: browsers throttle and freeze hidden
 * tabs, and sockets die without a word when a machine sleeps or changes networks.
 */

export type Wake = "visible" | "online";

/** @returns Stops listening. */
export function onWake(listener: (why: Wake) => void, onOffline: () => void): () => void {
  if (typeof window === "undefined") return () => {};
  const stop = new AbortController();
  const { signal } = stop;
  document.addEventListener(
    "visibilitychange",
    () => {
      if (isPageVisible()) listener("visible");
    },
    { signal },
  );
  // A page that comes out of the back-forward cache was frozen, socket and all.
  window.addEventListener("pageshow", (event) => event.persisted && listener("visible"), {
    signal,
  });
  window.addEventListener("online", () => listener("online"), { signal });
  window.addEventListener("offline", onOffline, { signal });
  return () => stop.abort();
}

export function isPageVisible(): boolean {
  return typeof document === "undefined" || document.visibilityState !== "hidden";
}

/** False is certain; true only means that there is some network. */
export function mayBeOnline(): boolean {
  return typeof navigator === "undefined" || navigator.onLine !== false;
}
