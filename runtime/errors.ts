/** Every code that Umbel reports. The help page has a heading for each. */
export const ERROR_CODES = [
  "ERR_INVALID_ARGUMENT",
  "ERR_SHAPE",
  "ERR_DTYPE",
  "ERR_NO_KERNEL",
  "ERR_OUT_OF_MEMORY",
  "ERR_INTERRUPTED",
  "ERR_DEVICE",
  "ERR_DISPOSED",
  "ERR_CHECKPOINT",
  "ERR_LORA",
  "ERR_MISSING_TENSOR",
  "ERR_UNKNOWN_MODEL",
  "ERR_TOKENIZER",
  "ERR_DOCUMENT",
  "ERR_VALIDATION",
  "ERR_NODE",
  "ERR_FILE",
  "ERR_MEDIA",
  "ERR_DISK_FULL",
  "ERR_DOWNLOAD",
  "ERR_STORAGE",
  "ERR_ENGINE_GONE",
  "ERR_USAGE",
  "ERR_INTERNAL",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

const BRAND = Symbol.for("umbel.error");

export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly nodeId?: string;
}

/**
 * The one error class. Messages read "Expected <what>, got <value>. <what to do>."; `nodeId` names the node of the
 * document that failed. Recognised across realms and module copies by a symbol, see `isUmbelError`.
 */
export class UmbelError extends Error {
  readonly [BRAND] = true;
  readonly code: ErrorCode;
  readonly nodeId?: string;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; nodeId?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "UmbelError";
    this.code = code;
    if (options.nodeId !== undefined) this.nodeId = options.nodeId;
  }

  /** The form in which an error crosses a process or a socket. */
  toJSON(): ErrorRecord {
    const record = { code: this.code, message: this.message };
    return this.nodeId === undefined ? record : { ...record, nodeId: this.nodeId };
  }
}

export function isUmbelError(value: unknown): value is UmbelError {
  return typeof value === "object" && value !== null && BRAND in value;
}

/** Any thrown value as an UmbelError; foreign errors become ERR_INTERNAL and keep their cause. */
export function toUmbelError(value: unknown, code: ErrorCode = "ERR_INTERNAL"): UmbelError {
  if (isUmbelError(value)) return value;
  const message = value instanceof Error ? value.message : String(value);
  return new UmbelError(code, message, { cause: value });
}

/** Marks a switch over a union as complete: adding a case makes this call a type error. */
export function assertNever(value: never): never {
  throw new UmbelError("ERR_INTERNAL", `Expected a known case, got ${JSON.stringify(value)}.`);
}
