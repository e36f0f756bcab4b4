/** Sampling of a latent of which a part is known. */
import { UmbelError } from "#runtime/errors";
import type { HostTensor, Latent } from "#runtime/sdk/values";
import type { Device } from "#runtime/tensor/device";
import { add, lincomb, mul } from "#runtime/tensor/ops";
import { keep, scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";

export interface KnownParts {
  /** [B, C, T, h, w] on the model's scale. */
  readonly clean: HostTensor;
  readonly noise: Float32Array | null;
  /** [1, 1, T, h, w], 1 where the latent is to be made. */
  readonly mask: HostTensor;
  /** Known parts enter every step clean; else noised like the rest. */
  readonly isClean: boolean;
}

/**
 * Puts the known part into what the model sees and into what it gives, as ComfyUI does: x m + known (1 - m) in, and the
 * estimate m + clean (1 - m) out.
 */
export class KnownLatents implements Disposable {
  /** [T, h, w], for models that are told. */
  readonly unknown: Float32Array;
  readonly #isClean: boolean;
  readonly #mask: Tensor;
  /** The clean part and its noise, zero where the latent is to be made. */
  readonly #clean: Tensor;
  readonly #noise: Tensor;

  constructor(device: Device, { clean, noise, mask, isClean }: KnownParts) {
    const plane = mask.data.length;
    const known = (values: ArrayLike<number> | null) =>
      Float32Array.from(
        clean.data,
        (_, i) => (values?.[i] ?? 0) * (1 - (mask.data[i % plane] as number)),
      );
    this.#isClean = isClean;
    this.unknown = mask.data;
    this.#mask = keep(device.tensor(mask.data, [1, 1, ...mask.shape.slice(2)]));
    this.#clean = keep(device.tensor(known(clean.data), clean.shape));
    this.#noise = keep(device.tensor(known(isClean ? null : noise), clean.shape));
  }

  denoise(x: Tensor, sigma: number, model: (x: Tensor) => Tensor): Tensor {
    return scope(() => {
      const known = this.#isClean
        ? this.#clean
        : lincomb(this.#noise, this.#clean, sigma, 1 - sigma);
      const estimate = model(add(mul(x, this.#mask), known));
      return add(mul(estimate, this.#mask), this.#clean);
    });
  }

  [Symbol.dispose](): void {
    for (const tensor of [this.#mask, this.#clean, this.#noise]) tensor[Symbol.dispose]();
  }
}

/** The mask of a latent for all its items; null without one. Throws ERR_SHAPE. */
export function latentMask({ mask, samples }: Latent): HostTensor | null {
  if (mask === undefined) return null;
  const [, , ...size] = samples.shape;
  const plane = size.reduce((product, length) => product * length, 1);
  const fits = mask.shape.slice(2).join() === size.join() && mask.shape[1] === 1;
  if (!fits || mask.data.length < plane) {
    throw new UmbelError(
      "ERR_SHAPE",
      `Expected a mask [1, 1, ${size.join(", ")}] for this latent, got [${mask.shape.join(", ")}].`,
    );
  }
  return { data: mask.data.slice(0, plane), shape: [1, 1, ...size] };
}
