/** Something that stays on a device until its memory is wanted for something else. */
export interface Resident extends Disposable {
  readonly bytes: number;
  /** Pinned memory of the host. */
  readonly hostBytes?: number;
}

interface Entry {
  readonly value: Resident;
  uses: number;
  lastUse: number;
}

/** A resident in use: it stays at least until `dispose`. */
export interface Held<T extends Resident> extends Disposable {
  readonly value: T;
}

/**
 * Residents by key, shared by all who use them. Those that nobody uses are given up, longest unused first, when together
 * they take more than the budget.
 */
export class Residents {
  readonly budget: number;
  readonly #entries = new Map<string, Entry>();
  #clock = 0;

  constructor(budget: number) {
    this.budget = budget;
  }

  get bytes(): number {
    let total = 0;
    for (const { value } of this.#entries.values()) total += value.bytes;
    return total;
  }
  get keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** The resident of this key, made when there is none. `make` is asked again only when its resident was given up. */
  hold<T extends Resident>(key: string, make: () => T): Held<T> {
    const entry = this.#entries.get(key) ?? this.#add(key, make());
    entry.uses++;
    let held = true;
    return {
      // One key is only ever used with one type.
      value: entry.value as T,
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        entry.uses--;
        entry.lastUse = ++this.#clock;
        this.makeRoom(0);
      },
    };
  }

  /** Gives up what nobody uses until `bytes` more fit into the budget, or nothing is left to give up. */
  makeRoom(bytes: number): void {
    while (this.bytes + bytes > this.budget && this.dropOldest());
  }

  /** Gives up the longest unused of those that `which` names; false where none is unused. */
  dropOldest(which: (value: Resident) => boolean = () => true): boolean {
    let oldest: [string, Entry] | null = null;
    for (const found of this.#entries) {
      const [, { value, uses, lastUse }] = found;
      if (uses > 0 || !which(value)) continue;
      if (oldest === null || lastUse < oldest[1].lastUse) oldest = found;
    }
    if (oldest === null) return false;
    this.#entries.delete(oldest[0]);
    oldest[1].value[Symbol.dispose]();
    return true;
  }

  /** Gives up everything that nobody uses. */
  release(): void {
    while (this.dropOldest());
  }

  #add(key: string, value: Resident): Entry {
    const entry = { value, uses: 0, lastUse: ++this.#clock };
    this.#entries.set(key, entry);
    return entry;
  }
}
