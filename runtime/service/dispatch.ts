/** One call, from whatever came over a port or a socket to an answer: names, parameters and results are checked. */
import type { z } from "zod";
import { toUmbelError, UmbelError, type ErrorRecord } from "#runtime/errors";
import { contract, type Handlers, type Method } from "#runtime/protocol/contract";
import { nearest } from "#runtime/graph/nearest";

export type Answer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: ErrorRecord };

/** Some take a signal, which is aborted when whoever called is gone. */
type Handler = (params: unknown, signal?: AbortSignal) => unknown;

const LISTED_ISSUES = 10;

/** Never rejects: every failure is an answer. */
export async function dispatch(
  handlers: Partial<Handlers>,
  method: unknown,
  params: unknown,
  signal?: AbortSignal,
): Promise<Answer> {
  try {
    return { ok: true, result: await call(handlers, method, params, signal) };
  } catch (error) {
    return { ok: false, error: toUmbelError(error).toJSON() };
  }
}

async function call(
  handlers: Partial<Handlers>,
  name: unknown,
  params: unknown,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const method = methodOf(name);
  const { params: expected, result: promised }: Record<"params" | "result", z.ZodType> =
    contract[method];
  const given = expected.safeParse(params ?? {});
  if (!given.success) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected parameters of ${method} as the contract has them, got:\n${describe(given.error.issues)}`,
    );
  }
  const handler = handlers[method] as Handler | undefined;
  if (handler === undefined) {
    throw new UmbelError("ERR_INVALID_ARGUMENT", `Expected a call of this build, got "${method}".`);
  }
  // The schema has made sure that parameters and handler belong together.
  const result = promised.safeParse(await handler(given.data, signal));
  if (result.success) return result.data;
  throw new UmbelError(
    "ERR_INTERNAL",
    `Expected ${method} to answer as the contract has it, got:\n${describe(result.error.issues)}`,
  );
}

function methodOf(name: unknown): Method {
  if (typeof name === "string" && Object.hasOwn(contract, name)) return name as Method;
  const text = String(typeof name === "string" ? name.slice(0, 100) : typeof name);
  const near = nearest(text, Object.keys(contract));
  throw new UmbelError(
    "ERR_INVALID_ARGUMENT",
    `Expected the name of a call, got "${text}".${near === null ? "" : ` Did you mean ${near}?`}`,
  );
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function describe(issues: readonly Issue[]): string {
  const lines = issues
    .slice(0, LISTED_ISSUES)
    .map(({ path, message }) => `  ${path.map(String).join(".") || "(all)"}: ${message}`);
  if (issues.length > LISTED_ISSUES) lines.push(`  and ${issues.length - LISTED_ISSUES} more`);
  return lines.join("\n");
}
