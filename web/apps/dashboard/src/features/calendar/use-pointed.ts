import { useEffect, useRef, useState } from "react";

const OPEN_AFTER_MS = 350;
const CLOSE_AFTER_MS = 180;

interface Pointed {
  id: string;
  element: HTMLElement;
}

/** Waits a moment before it shows and before it hides, so that the pointer can cross to the card. */
export function usePointed() {
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  function later(next: Pointed | null, ms: number) {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setPointed(next), ms);
  }
  return {
    pointed,
    point: (id: string, element: HTMLElement) => later({ id, element }, OPEN_AFTER_MS),
    leave: () => later(null, CLOSE_AFTER_MS),
    stay: () => clearTimeout(timer.current),
    close: () => {
      clearTimeout(timer.current);
      setPointed(null);
    },
  };
}
