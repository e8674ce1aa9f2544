// Which of the two dialogs is open; buttons anywhere in the page open them too.
import { useSyncExternalStore } from "react";

type Open = "palette" | "help" | null;

let open: Open = null;
const listeners = new Set<() => void>();

export function openPalette(): void {
  show("palette");
}

export function openShortcutHelp(): void {
  show("help");
}

export function closeDialogs(): void {
  show(null);
}

export function useOpenDialog(): Open {
  return useSyncExternalStore(listen, () => open);
}

function show(next: Open): void {
  open = next;
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
