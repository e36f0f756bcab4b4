/** The values of a graph that a sweep can take over: numbers and choices that no link sets. */
import type { GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import type { InputDescription, NodeDescriptions } from "#runtime/protocol/node-description";
import { parseSweepChoices, parseSweepNumbers } from "./sweep-values.ts";

export interface SweepChoice {
  readonly node: string;
  readonly input: InputDescription;
  /** "Radial attention: decay factor". */
  readonly label: string;
  readonly current: string;
}

/** What people sweep most stands first. */
const FIRST: readonly string[] = [
  "decay_factor",
  "dense_steps",
  "cfg",
  "steps",
  "strength_model",
  "shift",
  "seed",
];

export function sweepChoices(
  document: GraphDocument,
  descriptions: NodeDescriptions,
): SweepChoice[] {
  const linked = new Set(document.links.map(({ to }) => to.join(" ")));
  const choices = Object.entries(document.nodes).flatMap(([id, node]) => {
    const description = descriptions.get(node.type);
    if (description === undefined || node.state !== undefined) return [];
    const title = node.title ?? description.title;
    return description.inputs
      .filter(({ kind, name }) => isSwept(kind) && !linked.has(`${id} ${name}`))
      .map((input): SweepChoice => ({
        node: id,
        input,
        label: `${title}: ${input.name.replaceAll("_", " ")}`,
        current: plainText(node.values[input.name] ?? input.default),
      }));
  });
  const rank = ({ input }: SweepChoice): number => {
    const at = FIRST.indexOf(input.name);
    return at < 0 ? FIRST.length : at;
  };
  return choices.toSorted((a, b) => rank(a) - rank(b));
}

function plainText(value: Json | undefined): string {
  return typeof value === "object" || value === undefined ? "" : String(value);
}

function isSwept(kind: InputDescription["kind"]): boolean {
  return (
    kind === "int" || kind === "float" || kind === "seed" || kind === "combo" || kind === "file"
  );
}

/** The values of a text for an input. Throws ERR_INVALID_ARGUMENT for what does not fit it. */
export function sweepValuesOf(
  input: InputDescription,
  text: string,
  files: readonly string[],
): (string | number)[] {
  if (input.kind === "combo") return parseSweepChoices(text, input.options ?? []);
  if (input.kind === "file") return parseSweepChoices(text, [...(input.options ?? []), ...files]);
  const values = parseSweepNumbers(text);
  return input.kind === "seed" ? values.map(String) : values;
}

/** A text to begin with: the value as it is, and one beside it. */
export function firstText(choice: SweepChoice, files: readonly string[]): string {
  const { input, current } = choice;
  if (input.kind === "combo") return (input.options ?? []).slice(0, 4).join(", ");
  if (input.kind === "file") return files.slice(0, 3).join(", ");
  const value = Number(current);
  if (input.name === "decay_factor") return "0.1, 0.2, 0.4, 0.6, 0.8";
  if (input.kind === "seed") return `${current} to ${value + 3}`;
  if (input.kind === "int")
    return `${value}, ${Math.max(Number(input.min ?? 1), Math.round(value * 1.5))}`;
  return `${value}, ${Number((value * 1.5).toPrecision(3))}`;
}
