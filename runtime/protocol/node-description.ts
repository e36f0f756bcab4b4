/** A node class as data: what editors, the server and validation know of it. */
import type { Json } from "#runtime/graph/json";

export interface InputDescription {
  readonly name: string;
  /** Socket type, or COMBO. */
  readonly type: string;
  readonly kind: "socket" | "int" | "float" | "seed" | "text" | "boolean" | "combo" | "file";
  readonly optional: boolean;
  /** Value of a new node; seeds as strings of digits. Absent for sockets. */
  readonly default?: Json;
  readonly min?: number | string;
  readonly max?: number | string;
  readonly step?: number;
  /** Choices of a combo; of a file input those that stand beside the folder's files. */
  readonly options?: readonly (string | number)[];
  /** Folder of a file input. */
  readonly folder?: string;
  readonly accept?: "image" | "video";
  readonly multiline?: boolean;
  readonly dynamicPrompts?: boolean;
  readonly tooltip?: string;
  readonly advanced?: boolean;
}

export interface OutputDescription {
  readonly name: string;
  readonly type: string;
  readonly tooltip?: string;
}

export interface NodeDescription {
  readonly type: string;
  readonly title: string;
  readonly category: string;
  readonly description: string;
  readonly version: number;
  readonly inputs: readonly InputDescription[];
  readonly outputs: readonly OutputDescription[];
  /** Run for its effect. */
  readonly output: boolean;
  readonly deprecated: boolean;
  readonly searchAliases: readonly string[];
}

export type NodeDescriptions = ReadonlyMap<string, NodeDescription>;
