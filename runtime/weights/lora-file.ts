/** LoRA files: which tensors belong together. Names are read, not yet matched to a model. */
import type { TensorFile } from "./tensor-file.ts";

export type LoraRole = "down" | "up" | "alpha" | "diff" | "diff_b";

/** One layer's change: the tensors of a LoRA that share a stem. Values are names in the file. */
export interface LoraModule {
  readonly stem: string;
  readonly parts: ReadonlyMap<LoraRole, string>;
  /** Tensors that make this another kind of change than those above, with the reason. */
  readonly unsupported: ReadonlyMap<string, string>;
}

export interface LoraFile {
  readonly file: TensorFile;
  readonly modules: readonly LoraModule[];
  /** Names that are no part of a LoRA. */
  readonly foreign: readonly string[];
}

const ROLES: readonly (readonly [RegExp, LoraRole])[] = [
  [/[._]lora_A(?:\.[\w-]+)?(?:\.weight)?$/, "down"],
  [/[._]lora_B(?:\.[\w-]+)?(?:\.weight)?$/, "up"],
  [/[._]lora(?:_linear_layer)?[._]down(?:\.weight)?$/, "down"],
  [/[._]lora(?:_linear_layer)?[._]up(?:\.weight)?$/, "up"],
  [/\.alpha$/, "alpha"],
  [/\.diff$/, "diff"],
  [/\.diff_b$/, "diff_b"],
];

const UNSUPPORTED: readonly (readonly [RegExp, string])[] = [
  [
    /\.dora_scale$|[._]lora_magnitude_vector(?:\.[\w-]+)?(?:\.weight)?$/,
    "DoRA (weights scaled to a learnt length)",
  ],
  [/[._]lora_mid(?:\.weight)?$/, "LoCon with a middle tensor"],
  [/[._]hada_(?:w|t)[12](?:_[ab])?$/, "LoHa (Hadamard products)"],
  [/[._]lokr_(?:w|t)[12](?:_[ab])?$/, "LoKr (Kronecker products)"],
  [/[._](?:oft_blocks|oft_diag|oft_R(?:\.[\w-]+)?(?:\.weight)?|boft_\w+)$/, "OFT (rotations)"],
  [/[._](?:on_input|on_output|a[12]\.weight|b[12]\.weight)$/, "GLoRA or IA3"],
  [/\.lora_[AB](?:\.[\w-]+)?\.bias$|[._]lora_(?:up|down)\.bias$/, "a bias inside of a LoRA"],
  [/\.(?:set_weight|reshape_weight|diff_m|w_norm|b_norm)$/, "a replaced or reshaped weight"],
];

export function readLora(file: TensorFile): LoraFile {
  const modules = new Map<
    string,
    { parts: Map<LoraRole, string>; unsupported: Map<string, string> }
  >();
  const foreign: string[] = [];
  const at = (stem: string) => {
    const known = modules.get(stem) ?? { parts: new Map(), unsupported: new Map() };
    modules.set(stem, known);
    return known;
  };
  for (const name of file.tensors.keys()) {
    const unsupported = matching(UNSUPPORTED, name);
    const role = matching(ROLES, name);
    if (unsupported !== null) at(unsupported.stem).unsupported.set(name, unsupported.value);
    else if (role === null) foreign.push(name);
    else if (at(role.stem).parts.has(role.value)) {
      at(role.stem).unsupported.set(name, `a second ${role.value} tensor for one layer`);
    } else at(role.stem).parts.set(role.value, name);
  }
  return { file, modules: [...modules].map(([stem, module]) => ({ stem, ...module })), foreign };
}

/** Whether a file's names are those of a LoRA: the greater part of them belongs to one. */
export function looksLikeLora({ modules, foreign }: LoraFile): boolean {
  return modules.length > 0 && foreign.length <= modules.length;
}

function matching<T>(
  patterns: readonly (readonly [RegExp, T])[],
  name: string,
): { stem: string; value: T } | null {
  for (const [pattern, value] of patterns) {
    const found = pattern.exec(name);
    if (found !== null && found.index > 0) return { stem: name.slice(0, found.index), value };
  }
  return null;
}
