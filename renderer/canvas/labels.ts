/** Short words for sockets and fields, from the names that graphs are saved with. */

/** "latent_image" -> "latent", "IMAGE" -> "image", "dense_steps" -> "dense steps". */
export function shortLabel(name: string): string {
  const lower = /[a-z]/.test(name) ? name : name.toLowerCase();
  const short = lower.replace(/_(name|factor|size|model|image|prefix)$/, "");
  return short.replaceAll("_", " ").trim();
}

/** Labels of a node's inputs: the short ones, and the full name where two would be equal. */
export function labelsOf(names: readonly string[]): ReadonlyMap<string, string> {
  const count = new Map<string, number>();
  for (const name of names) count.set(shortLabel(name), (count.get(shortLabel(name)) ?? 0) + 1);
  return new Map(
    names.map((name) => {
      const short = shortLabel(name);
      return [name, count.get(short) === 1 && short !== "" ? short : name.replaceAll("_", " ")];
    }),
  );
}
