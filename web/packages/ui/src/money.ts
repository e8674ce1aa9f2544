/**
 * Writes an amount as people of *locale* write it: `formatMoney(4500, "EUR", "fr")` is "45,00 €".
 *
 * @param cents In the currency's smallest unit, of which there may be 1, 100 or 1000 in one: yen have no cents.
 * @param currency ISO 4217; unknown codes are written as they are.
 */
export function formatMoney(cents: number, currency: string, locale: string): string {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  const amount = cents / 10 ** digits;
  if (!Number.isInteger(amount)) return format.format(amount);
  return new Intl.NumberFormat(locale, {
    style: "currency",
    currency,
    maximumFractionDigits: 0,
  }).format(amount);
}
