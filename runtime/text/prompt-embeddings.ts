/** Mentions of textual inversions ("embedding:name") in a prompt, which the encoders here do not have. */
export interface EmbeddingMentions {
  /** The text without the names, in the pieces that are tokenised one by one. */
  readonly pieces: readonly string[];
  readonly names: readonly string[];
}

const MARK = "embedding:";

/** As ComfyUI treats a name that it does not find: the name is left out, what follows it stays. */
export function takeEmbeddings(text: string): EmbeddingMentions {
  const names: string[] = [];
  const pieces: string[] = [];
  for (const piece of text.split(/(?<=\s)(?=embedding:)/)) {
    if (!piece.startsWith(MARK)) {
      if (piece !== "") pieces.push(piece);
      continue;
    }
    const [word = "", ...others] = piece.slice(MARK.length).trim().split(/\s+/);
    const name = word.replace(/[<[].*$/s, "");
    const bare = name.replace(/^,+|,+$/g, "");
    if (bare !== "") names.push(bare);
    const rest = [name.slice(bare.length) + word.slice(name.length), ...others].join(" ").trim();
    if (rest !== "") pieces.push(rest);
  }
  return { pieces, names };
}
