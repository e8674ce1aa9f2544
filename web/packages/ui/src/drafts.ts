import { type Dispatch, type SetStateAction, useEffect, useRef, useState } from "react";
import { useSession } from "./session";

/** What was typed where, by whom. In memory alone, so that nothing of it stays on a shared computer. */
const drafts = new Map<string, unknown>();
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
 * person has signed in again, it begins with what was typed.
 *
 * @param name - Of the form, and of what it is about.
 */
export function useDraft<Value>(
  name: string,
  initial: () => Value,
): [Value, Dispatch<SetStateAction<Value>>] {
  const { user } = useSession();
  const [key] = useState(`${user?.id} ${name}`);
  const [value, setValue] = useState<Value>(() =>
    // Only a form of this name has written it.
    drafts.has(key) ? (drafts.get(key) as Value) : initial(),
  );
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  }, [value]);
  useEffect(() => {
    drafts.delete(key);
    return () => {
      if (isKeeping) drafts.set(key, latest.current);
    };
  }, [key]);
  return [value, setValue];
}
