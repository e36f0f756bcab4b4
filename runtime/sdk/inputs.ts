/**
 * Builders for a node's inputs. `socket("MODEL")` is filled by a link; the others are widgets whose value stands in the
 * document under the input's name, and which a link of their type may replace.
 */
import type { SocketType, SocketValues } from "./sockets.ts";

interface InputBase<T> {
  readonly type: SocketType | "COMBO";
  readonly optional?: boolean;
  readonly tooltip?: string;
  /** Shown only when the node's advanced part is open. */
  readonly advanced?: boolean;
  /** Never set: carries the value's type. */
  readonly value?: T;
}

export interface SocketInput<T> extends InputBase<T> {
  readonly kind: "socket";
}
export interface NumberInput<T> extends InputBase<T> {
  readonly kind: "int" | "float" | "seed";
  readonly default: T;
  readonly min: T;
  readonly max: T;
  readonly step?: number;
  /** A link may bring a list, one number a step. */
  readonly perStep?: true;
}
export interface TextInput<T> extends InputBase<T> {
  readonly kind: "text";
  readonly default: T;
  readonly multiline?: boolean;
  /** `{a|b}` choices and comments are resolved before the run. */
  readonly dynamicPrompts?: boolean;
}
export interface BooleanInput<T> extends InputBase<T> {
  readonly kind: "boolean";
  readonly default: T;
}
export interface ComboInput<T> extends InputBase<T> {
  readonly kind: "combo";
  readonly options: readonly T[];
  readonly default?: T;
}
/** A file of a model folder or of the input folder, by its name relative to it. */
export interface FileInput<T> extends InputBase<T> {
  readonly kind: "file";
  readonly folder: ModelFolder | "input";
  /** Entries beside the files of the folder. */
  readonly extra?: readonly T[];
  /** One of them that a new node has. */
  readonly default?: T;
  readonly accept?: "image" | "video";
}

export type ModelFolder =
  | "checkpoints"
  | "diffusion_models"
  | "text_encoders"
  | "vae"
  | "loras"
  | "clip_vision";

export type Input<T = unknown> =
  | SocketInput<T>
  | NumberInput<T>
  | TextInput<T>
  | BooleanInput<T>
  | ComboInput<T>
  | FileInput<T>;

type Extra = { tooltip?: string; advanced?: boolean };

/** A list of numbers, one a step, is refused by all inputs but those of `floatPerStep()`. */
type Linked<T extends SocketType> = T extends "FLOAT" ? number : SocketValues[T];

export function socket<T extends SocketType>(type: T, extra: Extra = {}): SocketInput<Linked<T>> {
  return { kind: "socket", type, ...extra };
}

export function optionalSocket<T extends SocketType>(
  type: T,
  extra: Extra = {},
): SocketInput<Linked<T> | undefined> {
  return { kind: "socket", type, optional: true, ...extra };
}

type NumberOptions = Extra & { default: number; min: number; max: number; step?: number };

export function int(options: NumberOptions): NumberInput<number> {
  return { kind: "int", type: "INT", ...options };
}

export function float(options: NumberOptions): NumberInput<number> {
  return { kind: "float", type: "FLOAT", ...options };
}

/** One number for all steps, or over a link one a step. */
export function floatPerStep(options: NumberOptions): NumberInput<number | readonly number[]> {
  return { kind: "float", type: "FLOAT", perStep: true, ...options };
}

/** A 64-bit seed with its "after the run" control. */
export function seed(extra: Extra = {}): NumberInput<bigint> {
  return { kind: "seed", type: "INT", default: 0n, min: 0n, max: 2n ** 64n - 1n, ...extra };
}

export function text(
  options: Extra & { default?: string; multiline?: boolean; dynamicPrompts?: boolean } = {},
): TextInput<string> {
  return { kind: "text", type: "STRING", ...options, default: options.default ?? "" };
}

export function boolean(options: Extra & { default: boolean }): BooleanInput<boolean> {
  return { kind: "boolean", type: "BOOLEAN", ...options };
}

export function combo<const T extends string | number>(
  options: readonly T[],
  extra: Extra & { default?: NoInfer<T> } = {},
): ComboInput<T> {
  return { kind: "combo", type: "COMBO", options, ...extra };
}

export function file(
  folder: ModelFolder | "input",
  extra: Extra & {
    extra?: readonly string[];
    default?: string;
    accept?: "image" | "video";
    optional?: boolean;
  } = {},
): FileInput<string> {
  return { kind: "file", type: "COMBO", folder, ...extra };
}
