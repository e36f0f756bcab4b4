/** Is a parameter's value one that its input takes? */
import type { InputDescription } from "#runtime/protocol/node-description";
import type { Json } from "./json.ts";
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
      return typeof value === "boolean" ? null : wrongType("true or false");
    case "combo":
      return notInList(input.options ?? [], value, input, problem);
    case "file": {
      if (typeof value !== "string") return wrongType("a file name");
      const files = choices(input);
      const known = files === null || value === "" ? null : [...(input.options ?? []), ...files];
      if (value === "" && !input.optional) return wrongType("the name of a file");
      return known === null ? null : notInList(known, value.replaceAll("\\", "/"), input, problem);
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
  const what =
    input.kind === "file" ? `a file of ${input.folder ?? "a folder"}` : `one of its choices`;
  const found = options.length === 0 ? "there is none" : `there are ${listed}${rest}`;
  return problem(
    "value_not_in_list",
    `Expected ${what} for "${input.name}" (${found}), got ${show(value)}.`,
  );
}

function show(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
