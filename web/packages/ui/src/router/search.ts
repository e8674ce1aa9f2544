/**
 * What stands behind the question mark of an address.
 *
 * Arrays are written with commas and everything else as plain text, so that people can read and edit an address.
 */

/** As it is read: whoever needs it checks it, since anybody may have written it. */
export type Search = Readonly<Record<string, string>>;

/** As it is written; what is undefined or empty is left out. */
export type SearchValues = Readonly<
  Record<string, string | number | readonly string[] | undefined>
>;

/** `?a=1&b=x,y` → `{a: "1", b: "x,y"}`. */
export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

/** The inverse of {@link parseSearch}. */
export function stringifySearch(search: SearchValues): string {
  const pairs = Object.entries(search).flatMap(([key, value]) => {
    const text = Array.isArray(value) ? value.join(",") : String(value ?? "");
    return text === "" ? [] : [`${encodeURIComponent(key)}=${readable(text)}`];
  });
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

/** Commas and colons need no escape in a query, and addresses are for people too. */
function readable(text: string): string {
  return encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%3A", ":");
}
