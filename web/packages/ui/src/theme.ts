import { useSyncExternalStore } from "react";
import { readStored, writeStored } from "./stored";

/** `system` follows the device. */
export type Theme = "system" | "light" | "dark";

const STORED_AS = "slotcast.theme";
const listeners = new Set<() => void>();
let current: Theme = "system";

/** Shows the page as the reader chose before; call it before the first render. */
export function setUpTheme(): void {
  apply(readStored(STORED_AS, isTheme) ?? "system");
}

export function useTheme() {
  const theme = useSyncExternalStore(listen, () => current);
  return { theme, setTheme };
}

function setTheme(theme: Theme): void {
  writeStored(STORED_AS, theme);
  apply(theme);
}

function apply(theme: Theme): void {
  current = theme;
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function isTheme(value: unknown): value is Theme {
  return value === "system" || value === "light" || value === "dark";
}
