import type { Order, Range } from "./reader";
import { type AnyRow, isSame } from "./rows";

const INSTANT = /^\d{4}-\d\d-\d\d(T|$)/;
const collator = new Intl.Collator();

type Comparable = number | string | null;

/** Instants are compared as such: the page writes them with other offsets than the database. */
function comparable(value: unknown): Comparable {
  if (typeof value === "number" || value === null) return value;
  if (typeof value === "boolean") return Number(value);
  if (typeof value !== "string") return null;
  const instant = INSTANT.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(instant) ? value : instant;
}

function compare(one: Comparable, other: Comparable): number {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return collator.compare(String(one), String(other));
}

/** Orders rows as a read does: nulls last, equal ones by their key. */
export function sorted<Row extends AnyRow>(
  rows: readonly Row[],
  order: Order | undefined,
  key: readonly string[],
): Row[] {
  return rows
    .map((row) => ({ row, value: order ? comparable(row[order.column]) : null }))
    .sort((one, other) => compareRows(one, other, order, key))
    .map(({ row }) => row);
}

/** Tells whether *row* comes before *last* in the order, or is it. */
export function isUpTo(
  last: AnyRow,
  row: AnyRow,
  order: Order | undefined,
  key: readonly string[],
): boolean {
  return sorted([last, row], order, key)[1] === last || row === last;
}

/** Tells whether the row's value lies in the range; NULL lies in none. */
export function isInRange(range: Range | undefined, row: AnyRow): boolean {
  if (!range) return true;
  const value = comparable(row[range.column]);
  if (value === null) return range.from === undefined && range.to === undefined;
  const isFrom = range.from === undefined || compare(value, comparable(range.from)) >= 0;
  return isFrom && (range.to === undefined || compare(value, comparable(range.to)) < 0);
}

type Sortable = { row: AnyRow; value: Comparable };

function compareRows(
  one: Sortable,
  other: Sortable,
  order: Order | undefined,
  key: readonly string[],
): number {
  if (one.value === null || other.value === null) {
    if (one.value !== other.value) return one.value === null ? 1 : -1;
  } else {
    const difference = compare(one.value, other.value);
    if (difference !== 0) return (order?.ascending ?? true) ? difference : -difference;
  }
  return compareKeys(one.row, other.row, key);
}

function compareKeys(one: AnyRow, other: AnyRow, key: readonly string[]): number {
  for (const column of key) {
    const [first, second] = [one[column], other[column]];
    if (first === second) continue;
    if (typeof first === "number" && typeof second === "number") return first - second;
    return String(first) < String(second) ? -1 : 1;
  }
  return 0;
}

/** Tells whether two values of a column are the same to the database, instants in any offset. */
export function isSameValue(one: unknown, other: unknown): boolean {
  if (typeof one !== "string" || typeof other !== "string") return isSame(one, other);
  return one === other || (INSTANT.test(one) && comparable(one) === comparable(other));
}
