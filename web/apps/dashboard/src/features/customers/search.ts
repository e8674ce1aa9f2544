// What people type to find a customer, as a filter of the API.

const COLUMNS = ["name", "email", "phone"] as const;

/**
 * A filter for any of the columns that contains the text; null for nothing.
 *
 * Quoted for `or=(…)`, where commas and parentheses part conditions, and without the signs that `ilike` takes for
 * any text.
 */
export function searchFilter(typed: string): string | null {
  const text = typed
    .trim()
    .replaceAll(/[%*\\"]/g, " ")
    .replaceAll("_", "\\_")
    .trim();
  if (text === "") return null;
  return COLUMNS.map((column) => `${column}.ilike."%${text.replaceAll("\\", "\\\\")}%"`).join(",");
}
