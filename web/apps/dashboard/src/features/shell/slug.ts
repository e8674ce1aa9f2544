const LONGEST = 63;

/** The address that a name suggests: "Salon Lumière & Co." → "salon-lumiere-co". */
export function slugOf(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST)
    .replace(/^-+|-+$/g, "");
}

export function isSlug(text: string): boolean {
  return /^[a-z0-9][a-z0-9-]{1,62}$/.test(text);
}
