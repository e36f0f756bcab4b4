/** Node classes of the random graphs, with all kinds of widgets. */
import type { Json } from "#runtime/graph/json";
import type { JsonObject } from "#runtime/graph/comfy/comfy-json";

export interface SpecInput {
  readonly name: string;
  readonly type: string;
  /** Value of a widget that has none; sockets have no such. */
  readonly fallback?: Json;
  readonly options?: readonly Json[];
  /** Values that follow it: what it does after a run, and for a choice a filter. */
  readonly controls?: 0 | 1 | 2;
  /** A socket whose type would make a widget. */
  readonly forced?: boolean;
}

export interface Spec {
  readonly type: string;
  readonly inputs: readonly SpecInput[];
  readonly outputs: readonly string[];
  readonly uploads?: number;
}

const int = (name: string, fallback: number, controls: 0 | 1 = 0): SpecInput => ({
  name,
  type: "INT",
  fallback,
  controls,
});
const float = (name: string): SpecInput => ({ name, type: "FLOAT", fallback: 1.5 });
const text = (name: string): SpecInput => ({ name, type: "STRING", fallback: "none" });
const choice = (name: string, controls: 0 | 2 = 0): SpecInput => ({
  name,
  type: "COMBO",
  fallback: "one",
  options: ["one", "two", "three"],
  controls,
});
const socket = (name: string, type: string): SpecInput => ({ name, type });

const all: readonly Spec[] = [
  { type: "Load", inputs: [choice("file"), choice("dtype")], outputs: ["MODEL", "IMAGE"] },
  { type: "Picture", inputs: [choice("image")], outputs: ["IMAGE"], uploads: 1 },
  { type: "Number", inputs: [int("value", 3, 1)], outputs: ["INT"] },
  { type: "Text", inputs: [text("value")], outputs: ["STRING"] },
  {
    type: "Sample",
    inputs: [
      socket("model", "MODEL"),
      int("seed", 11, 1),
      int("steps", 20),
      float("cfg"),
      choice("sampler"),
      socket("latent", "LATENT"),
      text("note"),
    ],
    outputs: ["LATENT", "LATENT"],
  },
  {
    type: "Blend",
    inputs: [
      float("scale"),
      socket("first", "LATENT"),
      { name: "on", type: "BOOLEAN", fallback: true },
      socket("second", "LATENT"),
      socket("image", "IMAGE"),
    ],
    outputs: ["IMAGE", "LATENT", "LATENT"],
  },
  { type: "Empty", inputs: [int("width", 512), int("height", 512)], outputs: ["LATENT"] },
  {
    type: "Forced",
    inputs: [
      { name: "count", type: "INT", forced: true },
      int("noise_seed", 5, 1),
      choice("way", 2),
      { name: "label", type: "STRING", forced: true },
    ],
    outputs: ["INT", "STRING"],
  },
  { type: "Patch", inputs: [int("offset", 2), socket("model", "MODEL")], outputs: ["MODEL"] },
  { type: "Any", inputs: [socket("value", "*")], outputs: ["*"] },
  { type: "Use INT", inputs: [int("seed", 9, 1), float("b")], outputs: ["INT"] },
  { type: "Use STRING", inputs: [text("text"), int("c", 4)], outputs: ["STRING"] },
  { type: "Use FLOAT", inputs: [float("amount")], outputs: ["FLOAT"] },
];

export const SPECS: ReadonlyMap<string, Spec> = new Map(all.map((spec) => [spec.type, spec]));

/** The same as a server describes them. */
export const INFO: JsonObject = Object.fromEntries(
  all.map((spec) => [spec.type, describe(spec)] as const),
);

function describe({ inputs, outputs, uploads = 0 }: Spec): Json {
  const specs = inputs.map((input, i) => [input.name, typeOf(input, i === 0 && uploads > 0)]);
  return {
    input: { required: Object.fromEntries(specs) as JsonObject },
    input_order: { required: inputs.map(({ name }) => name) },
    output: outputs,
    output_name: outputs.map((type, slot) => `${type} ${slot}`),
    display_name: null,
  };
}

function typeOf(input: SpecInput, upload: boolean): Json {
  const { name, type, fallback, options, controls = 0, forced } = input;
  // Seeds have it by their names.
  const isControlled = controls > 0 && !name.endsWith("seed");
  const more = {
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(isControlled ? { control_after_generate: true } : {}),
    ...(forced === true ? { forceInput: true } : {}),
    ...(upload ? { image_upload: true } : {}),
  };
  if (options === undefined) return [type, more];
  return controls === 2 ? ["COMBO", { ...more, options }] : [options, more];
}
