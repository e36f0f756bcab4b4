import type { DiffusionInput, DiffusionModel, LatentFormat } from "#runtime/sdk/model";
import { add, affine, cat, lincomb, mul, rmsNorm } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";

/** Scale 1, three channels shown as red, green and blue. */
export function plainFormat(channels: number): LatentFormat {
  return {
    channels,
    spatialFactor: 8,
    temporalFactor: 4,
    mean: new Array<number>(channels).fill(0),
    std: new Array<number>(channels).fill(1),
    rgb: Array.from({ length: channels }, (_, c) => [
      c === 0 ? 1 : 0,
      c === 1 ? 1 : 0,
      c === 2 ? 1 : 0,
    ]),
    rgbBias: [0, 0, 0],
  };
}

export const toyFamily = (latent: LatentFormat) => ({
  latent,
  timestepFactor: 1000,
  defaultShift: 8,
});

/** The flow of the shared trajectories, on any device: 0.7 x + 0.2 sigma + 0.1 x^3 / (1 + x^2). */
export const cubicFlow: DiffusionModel = {
  forward: ({ latent, timestep }) =>
    scope(() => {
      const x = latent.reshape([latent.numel, 1]);
      // The RMS norm of (1, x) is (1, x) / sqrt((1 + x^2) / 2).
      const norm = rmsNorm(cat([affine(x, 0, 1), x], 1), null, 0)
        .slice(1, 0, 1)
        .contiguous();
      const inverse = affine(mul(norm, norm), 0.5, 0);
      const cube = mul(mul(mul(x, x), x), inverse);
      const flow = affine(lincomb(x, cube, 0.7, 0.1), 1, 0.2 * (timestep / 1000));
      return flow.reshape(latent.shape);
    }),
};

/** Flow x times the mean of the prompt's embedding; remembers what it was asked. */
export class PromptFlow implements DiffusionModel {
  readonly asked: DiffusionInput[] = [];

  forward(input: DiffusionInput) {
    this.asked.push(input);
    return scope(() => {
      const { latent, context } = input;
      const weight = context.slice(0, 0, 1).slice(1, 0, 1).reshape([1, 1, 1, 1]);
      return add(mul(latent, weight.contiguous()), affine(latent, 0, 0));
    });
  }
}
