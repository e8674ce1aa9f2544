import { type RefObject, useCallback, useEffect, useState } from "react";

/** Farther from the top than this, the reader is reading. */
const TOP_PX = 8;

/**
 * Keeps a list still under the reader's hand: while it is scrolled, pointed at or walked through by keyboard.
 *
 * Returns the id up to which rows may be shown (null: all), and a function that lets everything in.
 */
export function useStill(list: RefObject<HTMLElement | null>, newestId: number) {
  const [isBusy, setIsBusy] = useState(false);
  const [heldAt, setHeldAt] = useState<number | null>(null);

  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const look = () => {
      const hasFocus = element.querySelector(":focus-visible") !== null;
      setIsBusy(element.scrollTop > TOP_PX || element.matches(":hover") || hasFocus);
    };
    const events = ["scroll", "pointerenter", "pointerleave", "focusin", "focusout"] as const;
    for (const event of events) element.addEventListener(event, look, { passive: true });
    return () => {
      for (const event of events) element.removeEventListener(event, look);
    };
  }, [list]);

  // Set while rendering, so that no frame shows the list already pushed down.
  if (isBusy && heldAt === null && newestId > 0) setHeldAt(newestId);
  if (!isBusy && heldAt !== null) setHeldAt(null);

  const letIn = useCallback(() => {
    setHeldAt(newestId);
    list.current?.scrollTo({ top: 0 });
  }, [list, newestId]);

  return { heldAt, letIn };
}
