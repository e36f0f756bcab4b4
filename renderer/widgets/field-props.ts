import type { Json } from "#runtime/graph/json";
import type { InputDescription } from "#runtime/protocol/node-description";

/** What every field is given. It holds no value of its own. */
export interface FieldProps {
  readonly input: InputDescription;
  readonly label: string;
  /** As the document has it; undefined: the default. */
  readonly value: Json | undefined;
  /** What is wrong with the value, in words. */
  readonly problem: string | null;
  readonly disabled?: boolean;
  /** The node it belongs to, for its accessible name. */
  readonly owner: string;
  readonly onChange: (value: Json) => void;
  /** The change is complete: what follows is another step of undo. */
  readonly onDone: () => void;
}

export const shownValue = ({ input, value }: Pick<FieldProps, "input" | "value">): Json =>
  value ?? input.default ?? "";

export const isChanged = ({ input, value }: Pick<FieldProps, "input" | "value">): boolean =>
  value !== undefined &&
  input.default !== undefined &&
  input.kind !== "seed" &&
  input.kind !== "file" &&
  input.kind !== "text" &&
  JSON.stringify(value) !== JSON.stringify(input.default);
