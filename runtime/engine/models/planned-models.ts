/** Models for the null device: real files where they exist, published configurations by file name where they do not. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { UmbelError } from "#runtime/errors";
import type { AttentionSettings } from "#runtime/sdk/attention-settings";
import type {
  ClipVisionFamily,
  ClipVisionModel,
  DiffusionFamily,
  DiffusionModel,
  TextEncoder,
  TextEncoderFamily,
  VaeFamily,
  VideoAutoencoder,
} from "#runtime/sdk/model";
import type {
  ClipVisionLease,
  DiffusionLease,
  ModelAccess,
  TextEncoderLease,
  VaeLease,
} from "#runtime/sdk/model-access";
import type {
  CheckpointRef,
  ClipRecipe,
  ClipVisionRecipe,
  ModelRecipe,
  VaeRecipe,
} from "#runtime/sdk/values";
import type { AnyFamily, ModelKind } from "./families.ts";
import { ModelManager, type ModelManagerOptions } from "./manager.ts";
import type { Held } from "./residents.ts";
import type { RunningModel } from "./ready-model.ts";

export interface PlannedModelsOptions extends ModelManagerOptions {
  /** Text encoder whose tokeniser counts the tokens of prompts where the wanted one has no file. */
  readonly tokenizerFrom: string;
  readonly attention?: AttentionSettings;
}

/** LoRAs change no shape and are left out. Weights of missing files count as bfloat16. */
export class PlannedModels implements ModelAccess, Disposable {
  readonly attention?: AttentionSettings;
  /** File names that were planned by name, and what they were taken for. */
  readonly assumed = new Map<string, string>();
  readonly #options: PlannedModelsOptions;
  readonly #manager: ModelManager;

  constructor(options: PlannedModelsOptions) {
    this.#options = options;
    this.#manager = new ModelManager(options);
    if (options.attention !== undefined) this.attention = options.attention;
  }

  /** As that of the manager. */
  takeNotes(): readonly string[] {
    return this.#manager.takeNotes();
  }

  identify(path: string, kind: ModelKind): CheckpointRef {
    if (existsSync(path)) return this.#manager.identify(path, kind);
    const { family, title } = this.#published(path, kind);
    this.assumed.set(basename(path), title);
    return { path, prefix: "", family: family.family };
  }

  diffusionFamily(checkpoint: CheckpointRef): DiffusionFamily {
    return this.#manager.diffusionFamily(checkpoint);
  }

  async diffusion(recipe: ModelRecipe): Promise<DiffusionLease> {
    const { path } = recipe.checkpoint;
    if (existsSync(path)) return this.#manager.diffusion({ ...recipe, loras: [] });
    const { family, config, held } = this.#empty<DiffusionFamily>(path, "diffusion");
    return {
      instance: held.value.instance as DiffusionModel,
      family,
      colours: family.latent,
      warnings: [],
      tokenGrid: (latentShape) => family.tokenGrid(config, latentShape),
      layers: family.layers(config),
      [Symbol.dispose]: () => held[Symbol.dispose](),
    };
  }

  async vae(recipe: VaeRecipe): Promise<VaeLease> {
    const { path } = recipe.checkpoint;
    if (existsSync(path)) return this.#manager.vae(recipe);
    const { family, held } = this.#empty<VaeFamily>(path, "vae");
    return {
      instance: held.value.instance as VideoAutoencoder,
      family,
      warnings: [],
      [Symbol.dispose]: () => held[Symbol.dispose](),
    };
  }

  async textEncoder(recipe: ClipRecipe): Promise<TextEncoderLease> {
    const { path } = recipe.checkpoint;
    if (existsSync(path)) return this.#manager.textEncoder({ ...recipe, loras: [] });
    const { family, held } = this.#empty<TextEncoderFamily>(path, "text-encoder");
    const stand = this.#manager.identify(this.#options.tokenizerFrom, "text-encoder");
    using near = await this.#manager.textEncoder({ kind: "clip", checkpoint: stand, loras: [] });
    const { tokenizer } = near;
    return {
      instance: held.value.instance as TextEncoder,
      family,
      warnings: [],
      tokenizer,
      [Symbol.dispose]: () => held[Symbol.dispose](),
    };
  }

  async clipVision(recipe: ClipVisionRecipe): Promise<ClipVisionLease> {
    const { path } = recipe.checkpoint;
    if (existsSync(path)) return this.#manager.clipVision(recipe);
    const { held } = this.#empty<ClipVisionFamily>(path, "clip-vision");
    return {
      instance: held.value.instance as ClipVisionModel,
      warnings: [],
      [Symbol.dispose]: () => held[Symbol.dispose](),
    };
  }

  giveUp(): void {
    this.#manager.giveUp();
  }

  [Symbol.dispose](): void {
    this.#manager.release();
  }

  #empty<F extends AnyFamily>(
    path: string,
    kind: F["kind"],
  ): { family: F; config: unknown; held: Held<RunningModel> } {
    const { family, config } = this.#published(path, kind);
    // Stages run one after the other: where nothing says how much there is, count one model at a time.
    if (!Number.isFinite(this.#options.deviceLimit ?? Infinity)) this.#manager.release();
    return { family: family as F, config, held: this.#manager.empty(path, family, config) };
  }

  #published(path: string, kind: ModelKind): { family: AnyFamily; config: unknown; title: string } {
    const name = basename(path);
    for (const family of this.#options.families) {
      if (family.kind !== kind) continue;
      const found = family.published.find(({ fileName }) => fileName.test(name));
      if (found !== undefined) return { family, ...found };
    }
    const known = this.#options.families.filter((family) => family.kind === kind);
    const titles = known.flatMap(({ published }) => published.map(({ title }) => title)).join(", ");
    throw new UmbelError(
      "ERR_UNKNOWN_MODEL",
      `Expected a file of a published model (${titles}) to plan without it, got the name "${name}". ` +
        "Put the file into its folder to plan with it.",
    );
  }
}
