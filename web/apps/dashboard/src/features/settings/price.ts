// Prices as people type them.

/** No service costs more cents than fit into the column. */
const HIGHEST_CENTS = 2_147_483_647;

/**
 * Reads `42`, `42.50` or `42,50`.
 *
 * Returns the amount in the currency's smallest unit, null for nothing, undefined for what is no price.
 */
export function parsePrice(text: string, currency: string): number | null | undefined {
  const typed = text.trim();
  if (typed === "") return null;
  if (!/^\d+([.,]\d+)?$/.test(typed)) return undefined;
  const digits = fractionDigits(currency);
  const [whole = "", fraction = ""] = typed.split(/[.,]/);
  if (fraction.length > digits) return undefined;
  const cents = Number(whole + fraction.padEnd(digits, "0"));
  return cents <= HIGHEST_CENTS ? cents : undefined;
}

/** The inverse of {@link parsePrice}, with the decimal sign of the reader. */
export function priceText(cents: number | null, currency: string, locale: string): string {
  if (cents === null) return "";
  const digits = fractionDigits(currency);
  return new Intl.NumberFormat(locale, {
    minimumFractionDigits: digits,
    useGrouping: false,
    numberingSystem: "latn",
  }).format(cents / 10 ** digits);
}

function fractionDigits(currency: string): number {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}
