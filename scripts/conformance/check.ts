import type { AnyFamily } from "#runtime/engine/models/families";
import type { ModelManager } from "#runtime/engine/models/manager";
import type { Device } from "#runtime/tensor/device";
import type { Cases } from "./cases.ts";
import type { Folder } from "./folder.ts";

/** What checks run on. */
export interface Bench {
  readonly device: Device;
  readonly families: readonly AnyFamily[];
  readonly manager: ModelManager;
  /** Bound of a figure in single precision, or the one for a GPU in bfloat16. */
  bound(single: number, bfloat16: number): number;
}

/** One kind of folder with reference data: what it looks like, and how it is held against the runtime. */
export interface Check {
  /** The folder's name. */
  readonly name: string;
  /** True when a folder of another name has this form all the same. */
  recognises(folder: Folder, bench: Bench): boolean;
  /** True when the check needs a device that computes. */
  readonly computes: boolean;
  run(folder: Folder, bench: Bench, cases: Cases): Promise<void>;
}
