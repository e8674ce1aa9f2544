import type {
  RealtimePostgresChangesPayload,
  RealtimePostgresDeletePayload,
  RealtimePostgresInsertPayload,
  RealtimePostgresUpdatePayload,
} from "@supabase/supabase-js";

/** Columns by name. */
export type AnyRow = Record<string, unknown>;

/** A change, as supabase-js hands it out. */
export type Change<Row extends AnyRow = AnyRow> = RealtimePostgresChangesPayload<Row>;
export type RowInserted<Row extends AnyRow> = RealtimePostgresInsertPayload<Row>;
export type RowUpdated<Row extends AnyRow> = RealtimePostgresUpdatePayload<Row>;
export type RowDeleted<Row extends AnyRow> = RealtimePostgresDeletePayload<Row>;

/** What to call for changes. */
export type ChangeHandlers<Row extends AnyRow> = {
  onInsert?: ((payload: RowInserted<Row>) => void) | undefined;
  onUpdate?: ((payload: RowUpdated<Row>) => void) | undefined;
  onDelete?: ((payload: RowDeleted<Row>) => void) | undefined;
};

/** What of a row is not saved yet: being sent, or waiting until it can be. */
export type Pending = "saving" | "unsent";

/** A row as it is shown: with what this page has proposed laid over it. */
export type LiveRow<Row extends AnyRow> = Row & { readonly pending?: Pending };

/** Names a row within its table. */
export type RowKey = string;

/** Makes the key of a row out of the columns of its table's primary key. */
export function rowKey(columns: readonly string[], row: AnyRow): RowKey {
  const [only] = columns;
  if (columns.length === 1 && only !== undefined) return String(row[only]);
  return JSON.stringify(columns.map((column) => row[column]));
}

/** The row's version, if its table counts them. */
export function versionOf(row: AnyRow): number | null {
  return typeof row.version === "number" ? row.version : null;
}

/** Tells whether two values of a column, or two rows, are the same, whatever their identity. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => isSame((one as AnyRow)[key], (other as AnyRow)[key]))
  );
}

/** Hands a change to the handler it is for. */
export function dispatch<Row extends AnyRow>(
  handlers: ChangeHandlers<Row>,
  change: Change<Row>,
): void {
  switch (change.eventType) {
    case "INSERT":
      handlers.onInsert?.(change);
      break;
    case "UPDATE":
      handlers.onUpdate?.(change);
      break;
    case "DELETE":
      handlers.onDelete?.(change);
      break;
  }
}
