/** What a sampling run takes and gives; run.ts carries it out. */
import type {
  DiffusionFamily,
  DiffusionModel,
  LatentColours,
  LayerAttention,
} from "#runtime/sdk/model";
import type { SamplerDefinition } from "#runtime/sdk/sampler";
import type { Conditioning, Frames, Latent, NoiseSource, Sigmas } from "#runtime/sdk/values";
import type { Device } from "#runtime/tensor/device";

export interface SampleRequest {
  readonly device: Device;
  readonly model: DiffusionModel;
  readonly family: Pick<
    DiffusionFamily,
    "latent" | "timestepFactor" | "defaultShift" | "keepsKnownLatents"
  >;
  /** Of the previews; absent: the family's. */
  readonly colours?: LatentColours;
  /** Flow shift of the model recipe; absent or null: the family's. */
  readonly shift?: number | null;
  readonly sampler: SamplerDefinition;
  readonly samplerOptions?: Readonly<Record<string, number | boolean | string>>;
  /** Descending; see sigmas.ts for what KSampler, KSamplerAdvanced and BasicScheduler make of their inputs. */
  readonly sigmas: Sigmas;
  /** Node-to-node scale, as latents travel on links. */
  readonly latent: Latent;
  readonly noise: NoiseSource;
  /** Stands in for the latent's own noise, in its shape: a run that was recorded elsewhere. */
  readonly startNoise?: Float32Array;
  /** Seed of the sampler's own noise (ancestral, SDE, LCM); absent: that of `noise`, 0 without noise. */
  readonly seed?: bigint;
  readonly positive: Conditioning;
  /** Needed unless cfg is 1, where it is not evaluated. */
  readonly negative?: Conditioning;
  readonly cfg: number;
  /** Guidance of one step where steps differ; `cfg` then is one that is not 1, if any is not. */
  readonly stepCfg?: (step: number) => number;
  /** Awaited before the model is first asked in a step. */
  readonly beforeStep?: (step: number) => Promise<void>;
  /** Attention of one step (index into sigmas); absent: dense. See attention/plan.ts. */
  readonly attention?: (step: number) => LayerAttention | undefined;
  readonly signal?: AbortSignal;
  /** After each step. Without it no preview is computed. */
  readonly onStep?: (report: StepReport) => void;
}

export interface StepReport {
  /** Steps done, 1..steps. */
  readonly done: number;
  readonly steps: number;
  readonly sigma: number;
  /** All frames of the present estimate of the clean clip, one pixel a latent pixel; null on the null device and without colours. */
  readonly preview: Frames | null;
}

export interface SampleResult {
  readonly samples: Latent;
  /** The model's last estimate of the clean latent (SamplerCustom's second output). */
  readonly denoised: Latent;
}
