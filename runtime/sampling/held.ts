import { UmbelError } from "#runtime/errors";
import type { Tensor } from "#runtime/tensor/tensor";

/**
 * Tensors that live from step to step, by name. Putting a tensor under a name frees the one that was there; disposing
 * frees all, so that a run which is cancelled or fails leaves none behind.
 */
export class Held implements Disposable {
  readonly #tensors = new Map<string, Tensor>();

  /** Takes a tensor over. */
  set(name: string, tensor: Tensor): Tensor {
    const before = this.#tensors.get(name);
    if (before !== undefined && before !== tensor) before[Symbol.dispose]();
    this.#tensors.set(name, tensor);
    return tensor;
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  get(name: string): Tensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined)
      throw new UmbelError("ERR_INTERNAL", `Expected a tensor named ${name}, got none.`);
    return tensor;
  }

  /** Puts the tensor of one name under another, where nothing was or what was there is freed. */
  move(from: string, to: string): void {
    this.set(to, this.release(from));
  }

  /** Hands a tensor to the caller. */
  release(name: string): Tensor {
    const tensor = this.get(name);
    this.#tensors.delete(name);
    return tensor;
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#tensors.values()) tensor[Symbol.dispose]();
    this.#tensors.clear();
  }
}
