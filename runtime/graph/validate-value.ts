/** Is a parameter's value one that its input takes? */
import type { InputDescription } from "#runtime/protocol/node-description";
import type { Json } from "./json.ts";
import { nearest } from "./nearest.ts";
import type { Problem, ProblemCode } from "./problems.ts";

const LISTED_CHOICES = 20;

/** Choices of a file input at this moment; null: not known (as without model folders). */
export type Choices = (input: InputDescription) => readonly string[] | null;

export function validateValue(
  node: string,
  input: InputDescription,
  value: Json,
  choices: Choices,
): Problem | null {
  const problem = (code: ProblemCode, message: string): Problem => ({
    code,
    severity: "error",
    node,
    socket: input.name,
    message,
  });
  const wrongType = (expected: string): Problem =>
    problem("wrong_value_type", `Expected ${expected} for "${input.name}", got ${show(value)}.`);
  switch (input.kind) {
    case "socket":
      return null;
    case "int":
      if (typeof value !== "number" || !Number.isInteger(value)) return wrongType("a whole number");
      return outOfRange(input, value, problem);
    case "seed": {
      const digits = toBigInt(value);
      if (digits === null) return wrongType("a whole number from 0 to 2^64 - 1");
      return outOfRange(input, digits, problem);
    }
    case "float":
      if (typeof value !== "number" || !Number.isFinite(value)) return wrongType("a number");
      return outOfRange(input, value, problem);
    case "text":
      return typeof value === "string" ? null : wrongType("text");
    case "boolean":
      // Old files of ComfyUI have an empty text where they have no value; its server reads it as false.
      return typeof value === "boolean" || value === "" ? null : wrongType("true or false");
    case "combo":
      return notInList(input.options ?? [], value, input, problem);
    case "file": {
      if (typeof value !== "string") return wrongType("a file name");
      if (value === "") return input.optional ? null : wrongType("the name of a file");
      const files = choices(input);
      const name = value.replaceAll("\\", "/");
      if (files === null || files.includes(name) || input.options?.includes(name)) return null;
      return missingFile(node, input, name, files);
    }
  }
}

/** The value of a seed as written in documents: a whole number or a string of digits. */
export function toBigInt(value: Json): bigint | null {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : null;
  return typeof value === "string" && /^-?\d{1,20}$/.test(value) ? BigInt(value) : null;
}

function outOfRange(
  input: InputDescription,
  value: number | bigint,
  problem: (code: ProblemCode, message: string) => Problem,
): Problem | null {
  const min =
    input.min === undefined
      ? null
      : typeof value === "bigint"
        ? BigInt(input.min)
        : Number(input.min);
  const max =
    input.max === undefined
      ? null
      : typeof value === "bigint"
        ? BigInt(input.max)
        : Number(input.max);
  if (min !== null && value < min) {
    return problem("value_below_min", `Expected "${input.name}" of at least ${min}, got ${value}.`);
  }
  if (max !== null && value > max) {
    return problem("value_above_max", `Expected "${input.name}" of at most ${max}, got ${value}.`);
  }
  return null;
}

function notInList(
  options: readonly (string | number)[],
  value: Json,
  input: InputDescription,
  problem: (code: ProblemCode, message: string) => Problem,
): Problem | null {
  if (options.some((option) => option === value)) return null;
  const listed = options
    .slice(0, LISTED_CHOICES)
    .map((option) => show(option))
    .join(", ");
  const rest =
    options.length > LISTED_CHOICES ? `, and ${options.length - LISTED_CHOICES} more` : "";
  const found = options.length === 0 ? "there is none" : `there are ${listed}${rest}`;
  return problem(
    "value_not_in_list",
    `Expected one of its choices for "${input.name}" (${found}), got ${show(value)}.`,
  );
}

function missingFile(
  node: string,
  input: InputDescription,
  name: string,
  files: readonly string[],
): Problem {
  const near = nearest(name, files);
  const hint = near === null ? "Put the file there or choose another." : `Did you mean "${near}"?`;
  return {
    code: "missing_file",
    severity: "warning",
    node,
    socket: input.name,
    message: `Expected a file of ${input.folder} for "${input.name}", got "${name}", which is not there. ${hint}`,
    ...(near === null ? {} : { nearest: near }),
  };
}

function show(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
