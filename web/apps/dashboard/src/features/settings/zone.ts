// Time zones as people type them.

/** Whether the browser knows a zone of this name; offsets such as `+02:00` are no zones. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** All names to choose from. */
export function zoneNames(): string[] {
  return Intl.supportedValuesOf("timeZone");
}
