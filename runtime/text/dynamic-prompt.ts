/** Dynamic prompts as ComfyUI's editor resolves them before a run: comments go, {a|b|c} becomes one of its options. */

/** The same seed chooses the same options. Escaped \{, \} and \| become plain. Block and line comments are removed. */
export function resolveDynamicPrompt(prompt: string, seed: bigint): string {
  const random = generator(Number(BigInt.asUintN(32, seed)));
  const text = prompt.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
  return resolve(text, (count) => random() % count).replaceAll(/\\([{}|])/g, "$1");
}

/** Resolves from the inside out, so that no nesting is too deep; choices are drawn in the order in which blocks end. */
function resolve(text: string, choose: (count: number) => number): string {
  /** Options of the blocks that are open; the last one grows. */
  const blocks: string[][] = [[""]];
  const append = (part: string): void => {
    const options = blocks[blocks.length - 1] as string[];
    options[options.length - 1] += part;
  };
  const close = (): void => {
    const options = blocks.pop() as string[];
    append(options[choose(options.length)] as string);
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === "\\") append(char + (text[++i] ?? ""));
    else if (char === "{") blocks.push([""]);
    else if (char === "}" && blocks.length > 1) close();
    else if (char === "|" && blocks.length > 1) blocks[blocks.length - 1]?.push("");
    else append(char);
  }
  while (blocks.length > 1) close();
  return blocks[0]?.[0] ?? "";
}

/** Numbers of 32 bits that follow from a seed (splitmix32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let word = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return (word ^ (word >>> 15)) >>> 0;
  };
}
