/** What this browser remembers. Storage may be full, forbidden or hold what an older version wrote. */
export function readStored<T>(
  key: string,
  isValid: (value: unknown) => value is T,
  storage: "local" | "session" = "local",
): T | undefined {
  try {
    const value: unknown = JSON.parse(area(storage).getItem(key) ?? "null");
    return isValid(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function writeStored(
  key: string,
  value: unknown,
  storage: "local" | "session" = "local",
): void {
  try {
    area(storage).setItem(key, JSON.stringify(value));
  } catch {
    // Nothing depends on being remembered.
  }
}

export function forgetStored(key: string, storage: "local" | "session" = "local"): void {
  try {
    area(storage).removeItem(key);
  } catch {
    // As above.
  }
}

/** A text, for {@link readStored}. */
export function isText(value: unknown): value is string {
  return typeof value === "string";
}

function area(storage: "local" | "session"): Storage {
  return storage === "local" ? localStorage : sessionStorage;
}
