/** Results of nodes by content key, least recently used out first, within a budget of host memory. */

export type NodeOutputs = Readonly<Record<string, unknown>>;

interface Entry {
  readonly outputs: NodeOutputs;
  readonly bytes: number;
}

const DEFAULT_BUDGET = 1 << 30;

export class ResultCache {
  readonly #entries = new Map<string, Entry>();
  readonly #budget: number;
  #bytes = 0;

  /** @param budget bytes of tensors and frames kept; the newest result stays even if it alone is larger */
  constructor(budget: number = DEFAULT_BUDGET) {
    this.#budget = budget;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Does not count as a use. */
  has(key: string): boolean {
    return this.#entries.has(key);
  }

  get(key: string): NodeOutputs | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.outputs;
  }

  set(key: string, outputs: NodeOutputs): void {
    this.#remove(key);
    const entry = { outputs, bytes: hostBytes(outputs, new Set()) };
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#budget || oldest === key) break;
      this.#remove(oldest);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}

/** Bytes of the typed arrays in a value, each buffer once. */
function hostBytes(value: unknown, seen: Set<object>): number {
  if (typeof value !== "object" || value === null || seen.has(value)) return 0;
  seen.add(value);
  if (ArrayBuffer.isView(value)) {
    if (seen.has(value.buffer)) return 0;
    seen.add(value.buffer);
    return value.byteLength;
  }
  let bytes = 0;
  for (const item of Object.values(value)) bytes += hostBytes(item, seen);
  return bytes;
}
