/** Reads the rows of a filter over REST, as many pages as it takes. */

import type { SupabaseClient } from "@supabase/supabase-js";
import { LiveError } from "./errors";
import { type Condition, restValue } from "./filters";
import type { AnyRow } from "./rows";

/** `from <= column < to`, as ISO 8601 strings or numbers; a bound that is not there does not bound. */
export type Range = {
  column: string;
  from?: string | number | undefined;
  to?: string | number | undefined;
};

export type Order = { column: string; ascending?: boolean | undefined };

export type Query = {
  table: string;
  /** Columns, or all. */
  select: readonly string[] | undefined;
  conditions: readonly Condition[];
  /** The primary key's columns. */
  key: readonly string[];
  range?: Range | undefined;
  order?: Order | undefined;
  limit?: number | undefined;
};

const TIMEOUT_MS = 20_000;

/**
 * Reads all rows of *query*, or the first *limit* of them.
 *
 * Pages continue after the last key rather than at an offset: rows that come and go meanwhile do not
 * shift others over a page's edge.
 *
 * @param pageSize Most rows to ask for at once; not more than the server gives.
 * @param signal Ends it early, with an error.
 * @throws LiveError
 */
export async function readRows<Row extends AnyRow>(
  client: SupabaseClient,
  query: Query,
  pageSize: number,
  signal: AbortSignal,
): Promise<Row[]> {
  const rows: Row[] = [];
  const wanted = query.limit ?? Number.POSITIVE_INFINITY;
  for (;;) {
    const size = Math.min(pageSize, wanted - rows.length);
    const page = await readPage<Row>(client, query, rows, size, signal);
    rows.push(...page);
    if (page.length < size || rows.length >= wanted) return rows;
  }
}

async function readPage<Row extends AnyRow>(
  client: SupabaseClient,
  query: Query,
  before: readonly Row[],
  size: number,
  signal: AbortSignal,
): Promise<Row[]> {
  let request = client.from(query.table).select(query.select?.join(",") ?? "*");
  for (const condition of query.conditions) {
    request = request.filter(condition.column, condition.operator, restValue(condition));
  }
  const { range, order, key } = query;
  if (range?.from !== undefined) request = request.gte(range.column, range.from);
  if (range?.to !== undefined) request = request.lt(range.column, range.to);

  const last = before.at(-1);
  const [only] = key;
  const byKeyAlone = key.length === 1 && only !== undefined && query.limit === undefined;
  if (last && byKeyAlone) request = request.gt(only, last[only]);
  const ending = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  let page = request.limit(size).abortSignal(ending);
  if (order && query.limit !== undefined) {
    page = page.order(order.column, { ascending: order.ascending ?? true, nullsFirst: false });
  }
  for (const column of key) page = page.order(column);
  if (last && !byKeyAlone) page = page.range(before.length, before.length + size - 1);

  // Whoever asks for live rows tries again, and shows meanwhile that it failed.
  const { data, error, status } = await page.retry(false);
  if (error) throw new LiveError(error.message, { code: error.code, hint: error.hint, status });
  return data as unknown as Row[];
}
