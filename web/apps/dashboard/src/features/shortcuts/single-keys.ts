// Whether keys without modifiers give commands, as this browser remembers it.
import { readStored, writeStored } from "@slotcast/ui";
import { useSyncExternalStore } from "react";

const STORED_AS = "slotcast.shortcuts.single-keys";
const listeners = new Set<() => void>();
let areOn = readStored(STORED_AS, isBoolean) ?? true;

export function useSingleKeys(): boolean {
  return useSyncExternalStore(listen, () => areOn);
}

export function setSingleKeys(on: boolean): void {
  areOn = on;
  writeStored(STORED_AS, on);
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}
