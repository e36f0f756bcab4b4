/** Realises recipes on a device: opens files, merges LoRAs, shares weights between jobs and gives them up again. */
import { totalmem } from "node:os";
import { toUmbelError, UmbelError } from "#runtime/errors";
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
  LoraRef,
  ModelRecipe,
  VaeRecipe,
} from "#runtime/sdk/values";
import { CudaDevice } from "#runtime/tensor/cuda-device";
import type { Device } from "#runtime/tensor/device";
import { countElements } from "#runtime/tensor/layout";
import type { DType } from "#runtime/tensor/tensor";
import { readLatentColours } from "#runtime/weights/latent-colours";
import type { LoraUse } from "#runtime/weights/lora-merge";
import type { LoraReport } from "#runtime/weights/lora-plan";
import { checkComplete, unknownNote } from "./complete.ts";
import { DeviceMemory } from "./device-memory.ts";
import { deviceType } from "./device-type.ts";
import { detectModel, detectModels, type DetectedModel } from "./detect.ts";
import type { AnyFamily, ModelKind } from "./families.ts";
import { HostPool } from "./host-pool.ts";
import { loraUse, loraWarnings } from "./lora-stack.ts";
import { OpenFiles } from "./open-files.ts";
import { sourceModel, storedModel, type RunningModel } from "./ready-model.ts";
import { quantizedSource, quantizedWeights } from "./quantized-source.ts";
import { Residents, type Held, type Resident } from "./residents.ts";
import { tokenizerBytes } from "./tokenizer-bytes.ts";
import {
  checkpointSource,
  emptySource,
  isMatrix,
  patchedSource,
  type WeightSource,
} from "./weight-source.ts";
import { patchedStore, sourceStore, type WeightStore } from "./weight-store.ts";

export interface ModelManagerOptions {
  readonly device: Device;
  readonly families: readonly AnyFamily[];
  /**
   * Bytes that weights may take before unused ones are given up; by default 60 % of the machine's memory, or what the
   * device's own memory allows.
   */
  readonly budget?: number;
  /**
   * For a device with memory of its own: bytes of it that may be used, by default those of a GPU. Models fit themselves
   * into it: blocks that have no room are streamed from pinned host memory, autoencoders work in tiles.
   */
  readonly deviceLimit?: number;
  /** Bytes of host memory that may be pinned for that; by default half of the machine's. */
  readonly pinnedLimit?: number;
}

/** Weights of one checkpoint, with the source that LoRAs start from. */
interface BaseModel extends Resident {
  readonly detected: DetectedModel;
  readonly source: WeightSource;
  readonly store: WeightStore;
}

interface ReadyModel extends RunningModel {
  readonly detected: DetectedModel;
  readonly warnings: readonly string[];
  readonly reports: readonly LoraReport[];
}

interface Wanted {
  readonly checkpoint: CheckpointRef;
  readonly loras: readonly LoraRef[];
  readonly weightType: ModelRecipe["weightType"];
}

const MATRIX_TYPES: Readonly<Record<ModelRecipe["weightType"], DType | null>> = {
  default: null,
  fp8_e4m3fn: "f8_e4m3",
  fp8_e4m3fn_fast: null,
  fp8_e5m2: "f8_e5m2",
};

export class ModelManager implements ModelAccess {
  readonly #device: Device;
  readonly #families: readonly AnyFamily[];
  readonly #files = new OpenFiles();
  readonly #detected = new WeakMap<object, readonly DetectedModel[]>();
  readonly #residents: Residents;
  readonly #memory: DeviceMemory | null;

  constructor({
    device,
    families,
    budget,
    deviceLimit = device instanceof CudaDevice ? device.memoryLimit : undefined,
    pinnedLimit = hostMemory() / 2,
  }: ModelManagerOptions) {
    this.#device = device;
    this.#families = families;
    const residents = new Residents(budget ?? deviceLimit ?? 0.6 * hostMemory());
    this.#residents = residents;
    this.#memory =
      deviceLimit === undefined
        ? null
        : new DeviceMemory({
            device,
            limit: deviceLimit,
            pool: new HostPool(pinnedLimit, () =>
              residents.dropOldest(({ hostBytes = 0 }) => hostBytes > 0),
            ),
            dropUnused: () => residents.dropOldest(),
          });
  }

  /** Memory that realised weights take, without what is mapped. */
  get bytes(): number {
    return this.#residents.bytes;
  }

  /** Pinned memory of the host that weights take. */
  get pinnedBytes(): number {
    return this.#memory?.pool.usedBytes ?? 0;
  }

  /** What was decided to make models fit, since this was asked last. */
  takeNotes(): readonly string[] {
    return this.#memory?.takeNotes() ?? [];
  }

  identify(path: string, kind: ModelKind): CheckpointRef {
    const { file } = this.#files.open(path);
    const detected =
      this.#detect(path).find(({ family }) => family.kind === kind) ??
      detectModel(file, this.#families, kind);
    checkComplete(detected);
    return { path, prefix: detected.part.prefix, family: detected.family.family };
  }

  diffusionFamily(checkpoint: CheckpointRef): DiffusionFamily {
    const family = this.#families.find(({ family: name }) => name === checkpoint.family);
    if (family?.kind === "diffusion") return family;
    throw new UmbelError(
      "ERR_UNKNOWN_MODEL",
      `Expected a diffusion model, got family "${checkpoint.family}".`,
    );
  }

  async diffusion({ checkpoint, loras, weightType }: ModelRecipe): Promise<DiffusionLease> {
    const { held, family, config } = this.#hold<DiffusionFamily>(
      { checkpoint, loras, weightType },
      "diffusion",
    );
    const { colours, warnings } = coloursOf(checkpoint.path, family);
    const leased = lease(held, held.value.instance as DiffusionModel);
    return {
      ...leased,
      warnings: [...leased.warnings, ...warnings],
      family,
      colours,
      tokenGrid: (latentShape) => family.tokenGrid(config, latentShape),
      layers: family.layers(config),
    };
  }

  async vae({ checkpoint }: VaeRecipe): Promise<VaeLease> {
    const { held, family } = this.#hold<VaeFamily>(
      { checkpoint, loras: [], weightType: "default" },
      "vae",
    );
    return { ...lease(held, held.value.instance as VideoAutoencoder), family };
  }

  async textEncoder({ checkpoint, loras }: ClipRecipe): Promise<TextEncoderLease> {
    const wanted: Wanted = { checkpoint, loras, weightType: "default" };
    const { held, family } = this.#hold<TextEncoderFamily>(wanted, "text-encoder");
    try {
      const tokenizer = tokenizerBytes(held.value.detected.part, family);
      return { ...lease(held, held.value.instance as TextEncoder), family, tokenizer };
    } catch (error) {
      held[Symbol.dispose]();
      throw error;
    }
  }

  /** A model of that configuration without a file, for plans. */
  empty(path: string, family: AnyFamily, config: unknown): Held<RunningModel> {
    const key = JSON.stringify(["empty", path, family.family]);
    return this.#residents.hold(key, () =>
      sourceModel(family, config, emptySource(family.tensors(config), this.#device), this.#memory),
    );
  }

  async clipVision({ checkpoint }: ClipVisionRecipe): Promise<ClipVisionLease> {
    const wanted: Wanted = { checkpoint, loras: [], weightType: "default" };
    const { held } = this.#hold<ClipVisionFamily>(wanted, "clip-vision");
    return lease(held, held.value.instance as ClipVisionModel);
  }

  giveUp(): void {
    this.#residents.release();
  }

  /** What becomes of every key of a recipe's LoRAs. Throws as `diffusion` and `textEncoder` do. */
  loraReports({ checkpoint, loras }: ModelRecipe | ClipRecipe): readonly LoraReport[] {
    const detected = this.#model(checkpoint);
    return loras.map(
      (lora) => loraUse(this.#files.open(lora.path).file, lora, detected).plan.report,
    );
  }

  /** Gives up all weights that no lease uses, and all open files. */
  release(): void {
    this.#residents.release();
    this.#files.close();
  }

  #detect(path: string): readonly DetectedModel[] {
    const { file } = this.#files.open(path);
    const known = this.#detected.get(file);
    if (known !== undefined) return known;
    const found = detectModels(file, this.#families);
    this.#detected.set(file, found);
    return found;
  }

  #model({ path, family: name, prefix }: CheckpointRef): DetectedModel {
    const found = this.#detect(path).find(
      ({ family, part }) => family.family === name && part.prefix === prefix,
    );
    if (found !== undefined) return found;
    throw new UmbelError(
      "ERR_UNKNOWN_MODEL",
      `Expected a model of family "${name}" in ${path}, got another file. It was replaced; run again.`,
    );
  }

  #hold<F extends AnyFamily>(
    wanted: Wanted,
    kind: F["kind"],
  ): { held: Held<ReadyModel>; family: F; config: unknown } {
    const detected = this.#model(wanted.checkpoint);
    if (detected.family.kind !== kind) {
      throw new UmbelError(
        "ERR_UNKNOWN_MODEL",
        `Expected a ${kind} model, got ${detected.family.title}.`,
      );
    }
    const held = this.#residents.hold(this.#key(wanted, true), () => this.#ready(wanted, detected));
    return { held, family: detected.family as F, config: detected.config };
  }

  #key({ checkpoint, loras, weightType }: Wanted, withLoras: boolean): string {
    const stamp = (path: string) => this.#files.open(path).stamp;
    const stack = loras.map(({ path, strength }) => [stamp(path), strength]);
    const { path, prefix, family } = checkpoint;
    return JSON.stringify([
      withLoras,
      stamp(path),
      prefix,
      family,
      weightType,
      withLoras ? stack : [],
    ]);
  }

  #ready(wanted: Wanted, detected: DetectedModel): ReadyModel {
    checkComplete(detected);
    const uses = wanted.loras.map((lora) =>
      loraUse(this.#files.open(lora.path).file, lora, detected),
    );
    const reports = uses.map(({ plan }) => plan.report);
    const note = unknownNote(detected);
    const { family } = detected;
    const running =
      this.#memory === null
        ? this.#onHost(wanted, detected, uses)
        : sourceModel(family, detected.config, this.#merged(wanted, detected, uses), this.#memory);
    return {
      detected,
      reports,
      warnings: [
        ...(note === null ? [] : [note]),
        ...reports.flatMap((report) => loraWarnings(report, family.title)),
      ],
      instance: running.instance,
      get bytes() {
        return running.bytes;
      },
      get hostBytes() {
        return running.hostBytes ?? 0;
      },
      [Symbol.dispose]: () => running[Symbol.dispose](),
    };
  }

  /** Weights that are mapped in place; those that LoRAs change lie beside them, so that nothing exists twice. */
  #onHost(wanted: Wanted, detected: DetectedModel, uses: readonly LoraUse[]): RunningModel {
    const base = this.#residents.hold(this.#key(wanted, false), () => this.#base(wanted, detected));
    try {
      const store = uses.length === 0 ? null : this.#patched(base.value, uses, wanted);
      const { family, config } = detected;
      const running = storedModel(family, config, store ?? base.value.store);
      return {
        instance: running.instance,
        get bytes() {
          return store?.bytes ?? 0;
        },
        [Symbol.dispose]() {
          store?.[Symbol.dispose]();
          base[Symbol.dispose]();
        },
      };
    } catch (error) {
      base[Symbol.dispose]();
      throw error;
    }
  }

  /** Weights for a device with memory of its own: LoRAs merged, in the types that its ops take. */
  #merged({ weightType }: Wanted, detected: DetectedModel, uses: readonly LoraUse[]): WeightSource {
    const { compute } = this.#device;
    const matrix = MATRIX_TYPES[weightType];
    const options = {
      scaledType: compute,
      storedType: (dtype: DType, isMatrix: boolean) => deviceType({ compute }, dtype, isMatrix),
    };
    const source = checkpointSource(detected, this.#device, {
      ...options,
      matrixType: matrix,
      keepsBlocks: keepsBlocks(weightType),
    });
    const quantizes = quantizedWeights(detected, weightType, this.#device);
    if (uses.length === 0) return quantizedSource(source, quantizes);
    const exact = checkpointSource(detected, this.#device, { scaledType: "f32", matrixType: null });
    const patched = patchedSource(source, exact, uses, (name) => {
      if (isMatrix(name, detected.specs.get(name)?.shape ?? [])) return matrix ?? compute;
      return source.packed?.(name) ? compute : source.layout(name).dtype;
    });
    return quantizedSource(patched, quantizes);
  }

  #base({ weightType }: Wanted, detected: DetectedModel): BaseModel {
    const quantizes = quantizedWeights(detected, weightType, this.#device);
    const scaled = [...detected.names].filter(
      ([name, pieces]) =>
        !quantizes(name) && pieces.some(({ own }) => detected.part.scales.has(own)),
    );
    const stored = checkpointSource(detected, this.#device, {
      scaledType: this.#ownType(
        scaled.map(([name]) => name),
        detected,
      ),
      matrixType: MATRIX_TYPES[weightType],
      keepsBlocks: keepsBlocks(weightType) && this.#keepsBlocks(detected),
    });
    const source = quantizedSource(stored, quantizes);
    const store = sourceStore(source);
    return {
      detected,
      source,
      store,
      get bytes() {
        return store.bytes;
      },
      [Symbol.dispose]: () => store[Symbol.dispose](),
    };
  }

  #patched(base: BaseModel, uses: readonly LoraUse[], { weightType }: Wanted): WeightStore {
    const { detected, source, store } = base;
    const names = new Set(uses.flatMap(({ plan }) => [...plan.patches.keys()]));
    // What is unpacked for each use is merged for each use, and takes no memory of its own.
    const own = [...names].filter((name) => (source.packed?.(name) ?? null) === null);
    const merged = this.#ownType(own, detected);
    const matrix = MATRIX_TYPES[weightType] ?? merged;
    // Scales are multiplied out in full precision before LoRAs are added, and the sum is rounded once.
    const exact = checkpointSource(detected, this.#device, { scaledType: "f32", matrixType: null });
    const typeOf = (name: string): DType =>
      isMatrix(name, detected.specs.get(name)?.shape ?? []) ? matrix : merged;
    const quantizes = quantizedWeights(detected, weightType, this.#device);
    const quantized = quantizedSource(
      patchedSource(exact, exact, uses, () => "f32"),
      quantizes,
    );
    const unmerged = { ...source, realise: (name: string) => exact.realise(name) };
    return patchedStore(store, unmerged, uses, typeOf, quantized);
  }

  /**
   * Whether weights in blocks stay so and are unpacked for each use. On a GPU always: that costs little there, and memory is
   * what such files are chosen for. Elsewhere unless all of them in float32 fit well.
   */
  #keepsBlocks({ names, part }: DetectedModel): boolean {
    let elements = 0;
    for (const { own } of [...names.values()].flat()) {
      const entry = part.weights.get(own);
      if (entry?.blocks !== undefined) elements += countElements(entry.shape);
    }
    if (elements === 0) return false;
    if (this.#device.name === "cuda" || 4 * elements > this.#residents.budget / 2) return true;
    this.#residents.makeRoom(4 * elements);
    return false;
  }

  /**
   * Type of weights that cannot stay as they are in the file: float32, which loses nothing, unless that would take more
   * than half of the budget or the device rounds to bfloat16 anyway. Makes room for them.
   */
  #ownType(names: readonly string[], { specs }: DetectedModel): DType {
    let elements = 0;
    for (const name of names) {
      elements += specs.get(name)?.shape.reduce((product, size) => product * size, 1) ?? 0;
    }
    const exact = this.#device.compute === "f32" && 4 * elements <= this.#residents.budget / 2;
    this.#residents.makeRoom((exact ? 4 : 2) * elements);
    return exact ? "f32" : "bf16";
  }
}

/** Whether weights may stay in blocks of the file: not when another type was asked for. */
function keepsBlocks(weightType: ModelRecipe["weightType"]): boolean {
  return weightType === "default";
}

function lease<Instance>(held: Held<ReadyModel>, instance: Instance) {
  return {
    instance,
    warnings: held.value.warnings,
    [Symbol.dispose]: () => held[Symbol.dispose](),
  };
}

/** Colours that cannot be read are no reason not to sample. */
function coloursOf(path: string, { latent }: DiffusionFamily) {
  try {
    return { colours: readLatentColours(path, latent.channels) ?? latent, warnings: [] };
  } catch (error) {
    return { colours: latent, warnings: [toUmbelError(error).message] };
  }
}

/** Bytes of memory that this process may hope for. */
function hostMemory(): number {
  const limit = process.constrainedMemory();
  return Math.min(totalmem(), limit > 0 ? limit : Infinity);
}
