/** Models that fit themselves into the memory of their device before they run. */
import { UmbelError } from "#runtime/errors";
import type {
  ClipVisionFamily,
  ClipVisionModel,
  DiffusionFamily,
  DiffusionInput,
  DiffusionModel,
  ModelFamily,
  TextEncoder,
  TextEncoderFamily,
} from "#runtime/sdk/model";
import { scope } from "#runtime/tensor/scope";
import type { BlockStore } from "./block-store.ts";
import { formatSize } from "./format-size.ts";
import type { DeviceMemory } from "./device-memory.ts";
import type { WeightSource } from "./weight-source.ts";
import { clipSize, whatFits, type ClipShape } from "./what-fits.ts";
import { inputShapes, likeInput, resized, type InputShapes } from "./input-shapes.ts";
import { workspace } from "./workspace.ts";

export interface FittedParts<Family> {
  readonly family: Family;
  readonly config: unknown;
  readonly source: WeightSource;
  readonly store: BlockStore;
  readonly memory: DeviceMemory;
}

/** Throws ERR_OUT_OF_MEMORY from `forward` when it cannot fit, naming what would. */
export function fittedDiffusion(parts: FittedParts<DiffusionFamily>): DiffusionModel {
  const { family, config, store, memory } = parts;
  const instance = family.create(config, store);
  const needs = new Map<string, number>();
  const needOf = (input: InputShapes): number =>
    remembered(needs, JSON.stringify(input), () =>
      needed(parts, (model, device) => scope(() => void model.forward(likeInput(input, device)))),
    );
  return {
    forward(input: DiffusionInput) {
      const shapes = inputShapes(input);
      const need = needOf(shapes);
      const fits = (latent: ClipShape) =>
        store.leastBytes + needOf(resized(shapes, latent)) <= roomFor(parts, Infinity);
      place(parts, need, () => ({
        size: clipSize(family.latent, shapes.latent),
        instead: whatFits(family.latent, shapes.latent, fits),
        limit: memory.limitFor(store.leastBytes + need, store.bytes),
      }));
      return instance.forward(input);
    },
  };
}

/** As `fittedDiffusion`. */
export function fittedTextEncoder(parts: FittedParts<TextEncoderFamily>): TextEncoder {
  const { family, config, store, memory } = parts;
  const instance = family.create(config, store);
  const needs = new Map<string, number>();
  return {
    forward(ids, options) {
      const need = remembered(needs, JSON.stringify([ids.length, options]), () =>
        needed(parts, (model) => scope(() => void model.forward(ids, options))),
      );
      place(parts, need, () => ({
        size: `${ids.length} tokens`,
        instead: null,
        limit: memory.limitFor(store.leastBytes + need, store.bytes),
      }));
      return instance.forward(ids, options);
    },
  };
}

/** As `fittedDiffusion`. */
export function fittedClipVision(parts: FittedParts<ClipVisionFamily>): ClipVisionModel {
  const { family, config, store, memory } = parts;
  const instance = family.create(config, store);
  const { imageSize } = instance;
  let need: number | null = null;
  return {
    imageSize,
    forward(pixels) {
      need ??= needed(parts, (model, device) =>
        scope(() => void model.forward(device.empty(pixels.shape))),
      );
      const bytes = need;
      place(parts, bytes, () => ({
        size: `${imageSize}x${imageSize}`,
        instead: null,
        limit: memory.limitFor(store.leastBytes + bytes, store.bytes),
      }));
      return instance.forward(pixels);
    },
  };
}

/** Bytes of a forward pass beside the weights, also while it realises them. */
function needed<Instance>(
  parts: FittedParts<ModelFamily<unknown, Instance>>,
  run: Parameters<typeof workspace<Instance>>[1],
): number {
  return Math.max(workspace(parts, run), parts.store.loadBytes);
}

interface Misfit {
  readonly size: string;
  readonly instead: string | null;
  readonly limit: number;
}

function roomFor({ store, memory }: FittedParts<unknown>, wanted: number): number {
  return memory.room(store.bytes, wanted);
}

/** Lets the store keep what fits beside `need` bytes of workspace. */
function place(
  parts: FittedParts<{ readonly title: string }>,
  need: number,
  misfit: () => Misfit,
): void {
  const { family, store, memory } = parts;
  const room = roomFor(parts, store.wholeBytes + need);
  if (!store.place(room - need)) {
    const { size, instead, limit } = misfit();
    throw new UmbelError(
      "ERR_OUT_OF_MEMORY",
      `Expected ${formatSize(store.leastBytes + need)} of GPU memory for ${family.title} at ${size} with all its ` +
        `blocks streamed, got ${formatSize(Math.max(0, room))} of a budget of ${formatSize(memory.limit)}. ` +
        (instead === null ? "" : `What would fit: ${instead}; or `) +
        `${instead === null ? "Use" : "use"} --vram ${formatSize(limit).replace(" ", "")}.`,
    );
  }
  const note = placementNote(parts);
  if (note !== null) memory.note(note);
}

function placementNote({
  family,
  store,
  memory: { pool },
}: FittedParts<{ readonly title: string }>): string | null {
  const { streamed, slots, slotBytes } = store.placement;
  const count = streamed.filter(Boolean).length;
  if (count === 0) return null;
  const pinned = pool.limit - pool.usedBytes + store.hostBytes;
  const onHost = pinned < store.streamedBytes ? "files and " : "";
  return (
    `${family.title}: ${streamed.length - count} of ${streamed.length} blocks stay on the GPU, ${count} are streamed ` +
    `from ${onHost}pinned memory (${formatSize(store.streamedBytes)}) through ${slots} slots of ${formatSize(slotBytes)}.`
  );
}

function remembered(known: Map<string, number>, key: string, make: () => number): number {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  known.set(key, made);
  return made;
}
