import { type Dispatch, type SetStateAction, useEffect, useRef, useState } from "react";
import { useSession } from "./session";

/** Who signs in again goes on where they were; later, the same form would be about something else. */
const KEPT_MS = 10 * 60_000;

interface Draft {
  value: unknown;
  /** In Unix milliseconds. */
  keptUntil: number;
}

/** What was typed where, by whom. In memory alone, so that nothing of it stays on a shared computer. */
const drafts = new Map<string, Draft>();
let isKeeping = false;

/** Keeps what stands in the forms that now go: the session has ended by itself. */
export function keepDrafts(): void {
  isKeeping = true;
}

/** Forms that go now were closed by their user. */
export function stopKeepingDrafts(): void {
  isKeeping = false;
}

export function forgetDrafts(): void {
  drafts.clear();
}

/**
 * `useState` for what is typed into a form. If the session ends by itself, the form goes with the page; when the same
 * person has signed in again within ten minutes, it begins with what was typed.
 *
 * @param name - Of the form, and of what it is about.
 */
export function useDraft<Value>(
  name: string,
  initial: () => Value,
): [Value, Dispatch<SetStateAction<Value>>] {
  const { user } = useSession();
  const [key] = useState(`${user?.id} ${name}`);
  const [value, setValue] = useState<Value>(() => {
    const draft = drafts.get(key);
    // Only a form of this name has written it.
    return draft && Date.now() < draft.keptUntil ? (draft.value as Value) : initial();
  });
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  }, [value]);
  useEffect(() => {
    drafts.delete(key);
    return () => {
      if (isKeeping) drafts.set(key, { value: latest.current, keptUntil: Date.now() + KEPT_MS });
    };
  }, [key]);
  return [value, setValue];
}
