// How loud changes are, as this browser remembers it; the list and the toaster follow together.
import { readStored, writeStored } from "@slotcast/ui";
import { useSyncExternalStore } from "react";

export interface Preferences {
  /** No toasts, and no summary after an absence. */
  isMuted: boolean;
  /** Screen readers say what no toast says. */
  isReadAloud: boolean;
}

const STORED_AS = "slotcast.changes.preferences";
const listeners = new Set<() => void>();
let current: Preferences = readStored(STORED_AS, isPreferences) ?? {
  isMuted: false,
  isReadAloud: false,
};

export function usePreferences(): Preferences {
  return useSyncExternalStore(listen, () => current);
}

export function prefer(changed: Partial<Preferences>): void {
  current = { ...current, ...changed };
  writeStored(STORED_AS, current);
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function isPreferences(value: unknown): value is Preferences {
  if (typeof value !== "object" || value === null) return false;
  const { isMuted, isReadAloud } = value as Record<string, unknown>;
  return typeof isMuted === "boolean" && typeof isReadAloud === "boolean";
}
