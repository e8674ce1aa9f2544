const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/**
 * How long to wait before trying again: 1, 2, 4 … 30 s, less up to half of it by chance, so that many
 * clients that failed together do not come back together.
 *
 * @param failures How often it has failed in a row, at least 1.
 */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const longest = Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS);
  return longest * (1 - random() / 2);
}
