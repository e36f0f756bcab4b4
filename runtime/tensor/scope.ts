import { UmbelError } from "#runtime/errors";

/** Scopes that are open now, innermost last. Bodies are synchronous, so one stack serves the whole thread. */
const open: Set<Disposable>[] = [];

/** Enters a new tensor into the innermost scope, if there is one. */
export function track(tensor: Disposable): void {
  open.at(-1)?.add(tensor);
}

/** A disposed tensor no longer belongs to a scope. */
export function untrack(tensor: Disposable): void {
  for (const tensors of open) tensors.delete(tensor);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Every disposable reachable through arrays and plain objects. */
function collect(value: unknown, found: Set<unknown>, seen = new Set<unknown>()): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found, seen);
  } else if (isPlain(value)) {
    for (const item of Object.values(value)) collect(item, found, seen);
  } else {
    found.add(value);
  }
}

/**
 * Runs `body` and frees every tensor made in it that is not reachable (as a tensor, or through arrays and plain objects)
 * in what it returns; those belong to the enclosing scope afterwards. When it throws, all are freed. The body must be
 * synchronous: ERR_INVALID_ARGUMENT when it returns a promise.
 */
export function scope<T>(body: () => T): T {
  const tensors = new Set<Disposable>();
  open.push(tensors);
  const kept = new Set<unknown>();
  try {
    const result = body();
    if (result instanceof Promise) {
      throw new UmbelError(
        "ERR_INVALID_ARGUMENT",
        "Expected a synchronous scope body, got a promise. Await outside the scope.",
      );
    }
    collect(result, kept);
    return result;
  } finally {
    open.pop();
    for (const tensor of tensors) {
      if (kept.has(tensor)) track(tensor);
      else tensor[Symbol.dispose]();
    }
  }
}

/** Takes the tensors in `value` out of all scopes: the caller disposes them. */
export function keep<T>(value: T): T {
  const found = new Set<unknown>();
  collect(value, found);
  for (const tensors of open) {
    for (const tensor of tensors) if (found.has(tensor)) tensors.delete(tensor);
  }
  return value;
}
