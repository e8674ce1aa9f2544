// Finds what the palette offers by a few letters of it.

export interface Findable {
  label: string;
  /** Other words for the same thing. */
  keywords?: readonly string[];
}

/** The entries that fit, best first; all in their order for an empty query. */
export function rank<T extends Findable>(entries: readonly T[], query: string): T[] {
  const wanted = fold(query);
  if (wanted === "") return [...entries];
  return entries
    .map((entry, index) => ({ entry, index, score: score(entry, wanted) }))
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score || a.index - b.index)
    .map(({ entry }) => entry);
}

const SCORE = { start: 4, wordStart: 3, inside: 2, letters: 1, none: 0 } as const;

function score({ label, keywords = [] }: Findable, wanted: string): number {
  const byLabel = scoreText(fold(label), wanted);
  const byKeyword = Math.max(0, ...keywords.map((word) => scoreText(fold(word), wanted)));
  // A label that fits stands before another name that fits as well.
  return Math.max(byLabel, byKeyword - 0.5);
}

function scoreText(text: string, wanted: string): number {
  if (text.startsWith(wanted)) return SCORE.start;
  if (text.includes(` ${wanted}`)) return SCORE.wordStart;
  if (text.includes(wanted)) return SCORE.inside;
  return hasLettersInOrder(text, wanted) ? SCORE.letters : SCORE.none;
}

function hasLettersInOrder(text: string, wanted: string): boolean {
  let from = 0;
  for (const letter of wanted) {
    const found = text.indexOf(letter, from);
    if (found < 0) return false;
    from = found + 1;
  }
  return true;
}

/** Case and accents do not matter to somebody who is looking for something. */
function fold(text: string): string {
  return text
    .normalize("NFD")
    .replaceAll(/\p{Diacritic}/gu, "")
    .toLowerCase()
    .trim();
}
