/** The ids of the claims, as their list has them. */

/** How many claims a letter has: A1 to A8, B1 to B6 ... */
const FAMILIES: Readonly<Record<string, number>> = { A: 8, B: 6, C: 7, D: 2, E: 4, F: 18, G: 4, H: 6, J: 12, K: 14, L: 16, M: 10, N: 6, P: 9 };

/** All 122 of them. */
export const IDS: readonly string[] = Object.entries(FAMILIES).flatMap(([letter, count]) => Array.from({ length: count }, (_, index) => `${letter}${index + 1}`));
