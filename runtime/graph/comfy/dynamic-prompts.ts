/** Prompts with comments and choices, as ComfyUI's editor sends them: without comments, one option of each choice. */

const MAX_ROUNDS = 10_000;

/** `choose(n)` gives an index below n. Braces and bars after a backslash are text. */
export function dynamicPrompt(text: string, choose: (count: number) => number): string {
  let rest = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const choice = /(?<!\\)\{((?:\\[\s\S]|[^\\{}])*)\}/.exec(rest);
    if (choice === null) break;
    const options = (choice[1] ?? "").split(/(?<!\\)\|/);
    const chosen = options[Math.min(options.length - 1, choose(options.length))] ?? "";
    rest = rest.slice(0, choice.index) + chosen + rest.slice(choice.index + choice[0].length);
  }
  return rest.replace(/\\([{}|])/g, "$1");
}
