/** Settings whose title or words hold all that was typed. */
export function findSettings<T extends { readonly title: string; readonly words: string }>(
  rows: readonly T[],
  text: string,
): T[] {
  const wanted = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return rows.filter(({ title, words }) => {
    const all = `${title} ${words}`.toLowerCase();
    return wanted.every((word) => all.includes(word));
  });
}
