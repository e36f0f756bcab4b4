/** Where the parts of a node stand, in canvas units from its top left corner; exact, so that wires need no measuring. */
import type { DocumentNode } from "#runtime/graph/document";
import type { FieldModel, NodeModel } from "./node-model.ts";

export const HEADER = 30;
export const LEAST_WIDTH = 160;
const BODY_TOP = 3;
const BODY_BOTTOM = 8;
const GAP = 2;
const SIDE = 8;
const TEXT_LINE = 17;
const TEXT_EDGE = 14;
const TEXT_MOST = 240;
const LETTER = 6.1;

/** Heights of a row with sockets and of a field. */
export interface Metrics {
  readonly row: number;
  readonly field: number;
}

export const FINE: Metrics = { row: 24, field: 26 };
/** For fingers; node.css and fields.css say the same of "pointer: coarse". */
export const COARSE: Metrics = { row: 36, field: 36 };

/** Heights of parts whose content decides; measured once they are on screen. */
export type Heights = Readonly<Record<string, number>>;

export interface NodeLayout {
  readonly width: number;
  readonly height: number;
  /** Height of the middle of each socket, by name. */
  readonly inputs: ReadonlyMap<string, number>;
  readonly outputs: ReadonlyMap<string, number>;
  /** It shows a clip now, which its height counts. */
  readonly shows: boolean;
  /** Fields in rows of one or two. */
  readonly rows: readonly (readonly FieldModel[])[];
}

export function nodeWidth(node: DocumentNode, model: NodeModel, hasFeature: boolean): number {
  const own = node.size?.[0];
  if (own !== undefined) return Math.max(model.kind === "reroute" ? 24 : LEAST_WIDTH, own);
  if (model.kind === "reroute") return 56;
  if (hasFeature) return 264;
  const { fields, description } = model;
  if (fields.some(({ input }) => input.kind === "seed")) return 252;
  if (description?.output === true) return 216;
  if (fields.some(({ input }) => input.multiline)) return 224;
  if (description?.category === "loaders")
    return fields.length > 1 && fields.some(isShort) ? 224 : 208;
  return model.kind === "class" && fields.length > 2 ? 264 : 216;
}

const isShort = ({ input, linked, label }: FieldModel): boolean =>
  !linked &&
  label.length <= 14 &&
  (input.kind === "int" ||
    input.kind === "float" ||
    (input.kind === "combo" &&
      (input.options?.length ?? 9) <= 2 &&
      label.length + input.options!.join("").length <= 11));

/** Short fields next to each other share a row. */
function fieldRows(fields: readonly FieldModel[], width: number): FieldModel[][] {
  const rows: FieldModel[][] = [];
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i]!;
    const next = fields[i + 1];
    if (width >= 208 && next !== undefined && isShort(field) && isShort(next)) {
      rows.push([field, next]);
      i++;
    } else rows.push([field]);
  }
  return rows;
}

function textHeight(value: unknown, width: number): number {
  const text = typeof value === "string" ? value : "";
  const perLine = Math.max(8, Math.floor((width - 4 * SIDE) / LETTER));
  const lines = text
    .split("\n")
    .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / perLine)), 0);
  return Math.min(TEXT_MOST, Math.max(1, lines) * TEXT_LINE + TEXT_EDGE);
}

/** What a field is high, alone or the higher of two. */
function fieldHeight(
  field: FieldModel,
  node: DocumentNode,
  width: number,
  metrics: Metrics,
): number {
  const { kind, multiline, name, default: value } = field.input;
  if (!field.linked && kind === "text" && multiline)
    return Math.max(metrics.field, textHeight(node.values[name] ?? value, width));
  return metrics.field;
}

/** Parts that come after sockets and fields, in their order: "feature" stands before the fields. */
export type Extras = Readonly<Partial<Record<"feature" | "preview" | "message", number>>>;

export function layoutNode(
  node: DocumentNode,
  model: NodeModel,
  heights: Heights,
  extras: Extras,
  metrics: Metrics = FINE,
): NodeLayout {
  const { row: rowHeight, field: fieldLine } = metrics;
  const width = nodeWidth(node, model, extras.feature !== undefined);
  const inputs = new Map<string, number>();
  const outputs = new Map<string, number>();
  if (model.kind === "note") {
    return { width, height: node.size?.[1] ?? 96, inputs, outputs, shows: false, rows: [] };
  }
  if (model.kind === "reroute") {
    inputs.set("input", 12);
    outputs.set("output", 12);
    return { width, height: 24, inputs, outputs, shows: false, rows: [] };
  }
  if (node.collapsed === true) {
    const middle = HEADER / 2;
    for (const { name } of model.inputs) inputs.set(name, middle);
    for (const { input } of model.fields) inputs.set(input.name, middle);
    for (const { name } of model.outputs) outputs.set(name, middle);
    return { width, height: HEADER, inputs, outputs, shows: false, rows: [] };
  }
  const socketRows = Math.max(model.inputs.length, model.outputs.length);
  let y = HEADER + BODY_TOP;
  const middleOf = (row: number) => y + row * (rowHeight + GAP) + rowHeight / 2;
  model.inputs.forEach(({ name }, row) => inputs.set(name, middleOf(row)));
  model.outputs.forEach(({ name }, row) => outputs.set(name, middleOf(row)));
  y += socketRows * (rowHeight + GAP);
  if (socketRows > 0) y += GAP;
  const part = (name: "feature" | "preview" | "message") => {
    const estimate = extras[name];
    if (estimate !== undefined) y += (heights[name] ?? estimate) + GAP;
  };
  part("feature");
  const rows = fieldRows(model.fields, width);
  for (const row of rows) {
    const estimate = Math.max(...row.map((field) => fieldHeight(field, node, width, metrics)));
    const height = Math.max(...row.map(({ input }) => heights[input.name] ?? estimate));
    for (const { input } of row) inputs.set(input.name, y + Math.min(height, fieldLine) / 2);
    y += height + GAP;
  }
  part("message");
  part("preview");
  const shows = extras.preview !== undefined;
  return { width, height: Math.round(y - GAP + BODY_BOTTOM), inputs, outputs, shows, rows };
}
