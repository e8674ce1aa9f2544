/** Values in addresses: each is what it should be, or undefined. Links outlive what they name. */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const PLAIN_DATE = /^\d{4}-\d{2}-\d{2}$/;
const WALL_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/;
const LONGEST_MINUTES = 24 * 60;

export function plainDate(value: unknown): string | undefined {
  const text = matching(PLAIN_DATE, value);
  return text !== undefined && isRealDate(text) ? text : undefined;
}

export function wallTime(value: unknown): string | undefined {
  const text = matching(WALL_TIME, value);
  if (text === undefined || !isRealDate(text.slice(0, 10))) return undefined;
  const [hour, minute] = text.slice(11).split(":").map(Number);
  return (hour ?? 99) < 24 && (minute ?? 99) < 60 ? text : undefined;
}

/** 2027-02-30 looks like a date and is none. */
function isRealDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

export function minutes(value: unknown): number | undefined {
  const number =
    typeof value === "string" || typeof value === "number" ? Number(value) : Number.NaN;
  return Number.isInteger(number) && number > 0 && number <= LONGEST_MINUTES ? number : undefined;
}

/** A row's id. */
export function id(value: unknown): string | undefined {
  return matching(UUID, value)?.toLowerCase();
}

export function matching(pattern: RegExp, value: unknown): string | undefined {
  return typeof value === "string" && pattern.test(value) ? value : undefined;
}

export function oneOf<T extends string>(allowed: readonly T[], value: unknown): T | undefined {
  return allowed.find((candidate) => candidate === value);
}

/** A list without repetitions; an empty one means "no filter" and is left out. */
export function listOf<T extends string>(
  value: unknown,
  parse: (item: string) => T | undefined,
): T[] | undefined {
  const items = Array.isArray(value)
    ? value.map(String)
    : typeof value === "string"
      ? value.split(",")
      : [];
  const valid = items.map(parse).filter((item) => item !== undefined);
  return valid.length === 0 ? undefined : [...new Set(valid)];
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

export function withoutUndefined<T extends object>(value: T): Present<T> {
  return Object.fromEntries(
    Object.entries(value).filter(([, entry]) => entry !== undefined),
  ) as Present<T>;
}
