/** What a node file exports by default: data that describes it, and `run`. */
import type { ResultMessage } from "#runtime/protocol/events";
import type { Device } from "#runtime/tensor/device";
import type { Input } from "./inputs.ts";
import type { ModelAccess } from "./model-access.ts";
import type { SocketType, SocketValues } from "./sockets.ts";
import type { Frames } from "./values.ts";

export interface Output<T extends SocketType = SocketType> {
  readonly type: T;
  readonly tooltip?: string;
}

export type Inputs = Readonly<Record<string, Input>>;
/** Socket name -> output, in order (ComfyUI counts outputs by position). */
export type Outputs = Readonly<Record<string, Output>>;

export type InputValues<I extends Inputs> = {
  readonly [K in keyof I]: I[K] extends Input<infer T> ? T : never;
};
export type OutputValues<O extends Outputs> = {
  readonly [K in keyof O]: SocketValues[O[K]["type"]];
};

export interface NodeContext {
  readonly nodeId: string;
  readonly device: Device;
  readonly models: ModelAccess;
  /** Aborted when the job is cancelled; the device is interrupted by the engine. */
  readonly signal: AbortSignal;
  /** Throws ERR_INTERRUPTED when the job is cancelled; call between pieces of long host work. */
  checkCancelled(): void;
  progress(value: number, max: number): void;
  /** All frames of the unfinished clip, small. */
  preview(frames: Frames): void;
  /** Shown at the node; the run goes on. */
  warn(message: string): void;
  publish(result: ResultMessage): void;
  /** Full path of a file of a model folder. Throws ERR_FILE naming the nearest. */
  modelPath(folder: string, name: string): string;
  /** Full path of a file of the input folder (or, on the command line, of any file given there). */
  inputPath(name: string): string;
  /**
   * Writes "<prefix>_00001_.<extension>" into the output folder (or the temporary one) and returns its path; the file
   * appears only when `write`, which gets a temporary path, is done. Placeholders %date:...%, %NodeName.widget%,
   * %width% ... are resolved. Throws ERR_FILE when the prefix leaves the folder, ERR_DISK_FULL.
   */
  saveOutput(
    prefix: string,
    extension: string,
    options: { readonly temporary?: boolean; readonly width?: number; readonly height?: number },
    write: (temporaryPath: string) => Promise<void>,
  ): Promise<string>;
  /** Tags to embed in media: "umbel" is the document, "prompt" its ComfyUI API form, both as JSON text. */
  readonly embed: Readonly<Record<string, string>>;
}

export interface NodeDefinition<I extends Inputs = Inputs, O extends Outputs = Outputs> {
  /** ComfyUI's class name where it means the same. */
  readonly type: string;
  readonly title: string;
  readonly category: string;
  readonly description: string;
  /** Rises when the same inputs give other outputs: part of the cache key. */
  readonly version: number;
  readonly inputs: I;
  readonly outputs: O;
  /** True for nodes that are run for their effect (saving, previewing). */
  readonly output?: boolean;
  readonly deprecated?: boolean;
  readonly searchAliases?: readonly string[];
  /** Problems that the specs cannot express; all of them, in words. Values of linked inputs are undefined. */
  check?(values: Partial<InputValues<I>>): readonly string[];
  /** What outside the document the result depends on (a file's size and time); part of the cache key. */
  fingerprint?(
    values: Partial<InputValues<I>>,
    context: Pick<NodeContext, "modelPath" | "inputPath">,
  ): string;
  run(context: NodeContext, inputs: InputValues<I>): Promise<OutputValues<O>> | OutputValues<O>;
}

export function defineNode<const I extends Inputs, const O extends Outputs>(
  definition: NodeDefinition<I, O>,
): NodeDefinition<I, O> {
  return definition;
}

/** `output("LATENT")` in a definition's `outputs`. */
export function output<T extends SocketType>(type: T, tooltip?: string): Output<T> {
  return tooltip === undefined ? { type } : { type, tooltip };
}
