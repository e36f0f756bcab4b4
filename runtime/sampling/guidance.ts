/** Classifier-free guidance: from a flow model and two prompts to an estimate of the clean latent. */
import { UmbelError } from "#runtime/errors";
import type { DiffusionModel, LayerAttention } from "#runtime/sdk/model";
import type { Conditioning, HostTensor } from "#runtime/sdk/values";
import type { Device } from "#runtime/tensor/device";
import { cast, cat, lincomb, sub } from "#runtime/tensor/ops";
import { keep, scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";

export interface Guidance {
  readonly model: DiffusionModel;
  readonly positive: Conditioning;
  readonly negative?: Conditioning;
  readonly cfg: number;
}

/** What one evaluation needs besides the state. */
export interface Evaluation {
  readonly sigma: number;
  readonly timestep: number;
  /** Stands in for the guidance of the run. */
  readonly cfg?: number;
  /** [T, h, w], see DiffusionInput. */
  readonly unknown?: Float32Array;
  readonly attention?: LayerAttention;
}

/** Holds the prompts' embeddings on the device for a run. */
export class Denoiser implements Disposable {
  readonly #guidance: Guidance;
  readonly #positive: readonly Prompt[];
  readonly #negative: readonly Prompt[];

  constructor(device: Device, guidance: Guidance) {
    const guided = !isOne(guidance.cfg);
    if (guidance.positive.length === 0) {
      throw new UmbelError(
        "ERR_INVALID_ARGUMENT",
        "Expected a positive prompt, got an empty conditioning.",
      );
    }
    if (guided && (guidance.negative?.length ?? 0) === 0) {
      throw new UmbelError(
        "ERR_INVALID_ARGUMENT",
        `Expected a negative prompt for cfg ${guidance.cfg}, got none. Connect one, or set cfg to 1.`,
      );
    }
    this.#guidance = guidance;
    this.#positive = upload(device, guidance.positive);
    this.#negative = guided ? upload(device, guidance.negative ?? []) : [];
  }

  /** x [B, C, T, h, w] at noise level sigma -> the clean latent that the model expects, same shape. Enqueues only. */
  denoise(x: Tensor, evaluation: Evaluation): Tensor {
    return scope(() => {
      const conditional = this.#estimate(x, this.#positive, evaluation);
      const cfg = evaluation.cfg ?? this.#guidance.cfg;
      if (this.#negative.length === 0 || isOne(cfg)) return conditional;
      const unconditional = this.#estimate(x, this.#negative, evaluation);
      return lincomb(unconditional, sub(conditional, unconditional), 1, cfg);
    });
  }

  /** Mean over the prompts of the clean estimates x - sigma v. */
  #estimate(x: Tensor, prompts: readonly Prompt[], evaluation: Evaluation): Tensor {
    let sum: Tensor | null = null;
    for (const prompt of prompts) {
      const estimate = lincomb(x, this.#flow(x, prompt, evaluation), 1, -evaluation.sigma);
      sum = sum === null ? estimate : lincomb(sum, estimate, 1, 1);
    }
    if (sum === null) throw new UmbelError("ERR_INTERNAL", "Expected a prompt, got none.");
    return prompts.length === 1 ? sum : lincomb(sum, sum, 1 / prompts.length, 0);
  }

  /** The model sees one clip at a time. */
  #flow(x: Tensor, prompt: Prompt, evaluation: Evaluation): Tensor {
    const [batch = 1, ...clip] = x.shape;
    const flows: Tensor[] = [];
    for (let item = 0; item < batch; item++) {
      const latent = x.slice(0, item, item + 1).reshape(clip);
      const { timestep, attention, unknown } = evaluation;
      const input = {
        ...(attention === undefined ? {} : { attention }),
        ...(unknown === undefined ? {} : { unknown }),
      };
      const flow = this.#guidance.model.forward({ latent, timestep, ...prompt, ...input });
      flows.push((flow.dtype === "f32" ? flow : cast(flow, "f32")).reshape([1, ...clip]));
    }
    return flows.length === 1 ? (flows[0] as Tensor) : cat(flows, 0);
  }

  [Symbol.dispose](): void {
    for (const { context, extra } of [...this.#positive, ...this.#negative]) {
      for (const value of [context, ...Object.values(extra)]) {
        if (typeof value !== "number") value[Symbol.dispose]();
      }
    }
  }
}

/** Python's math.isclose(cfg, 1.0): guidance without effect is not computed. */
export function isOne(cfg: number): boolean {
  return Math.abs(cfg - 1) <= 1e-9 * Math.max(Math.abs(cfg), 1);
}

/** A conditioning part on the device. */
interface Prompt {
  readonly context: Tensor;
  readonly extra: Readonly<Record<string, Tensor | number>>;
}

function upload(device: Device, conditioning: Conditioning): readonly Prompt[] {
  const tensor = ({ data, shape }: HostTensor): Tensor => keep(device.tensor(data, shape));
  return conditioning.map(({ context, extra }) => ({
    context: tensor(context),
    extra: Object.fromEntries(
      Object.entries(extra).map(([name, value]) => [
        name,
        typeof value === "number" ? value : tensor(value),
      ]),
    ),
  }));
}
