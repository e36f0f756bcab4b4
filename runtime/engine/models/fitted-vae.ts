/** An autoencoder that works in tiles where whole frames do not fit into the memory of its device. */
import { UmbelError } from "#runtime/errors";
import type { VaeFamily, VideoAutoencoder } from "#runtime/sdk/model";
import { scope } from "#runtime/tensor/scope";
import { tiled } from "#runtime/vae/tiled";
import type { FittedParts } from "./fitted.ts";
import { formatSize } from "./format-size.ts";
import { workspaceOf } from "./workspace.ts";

/** Edges of tiles that are tried, in latent units, and their overlap as a share of the edge. */
const TILE_SIZES: readonly number[] = [96, 64, 48, 32, 24, 16];
const OVERLAP = 1 / 4;
/** Latent frames after which memory grows no more. */
const ENOUGH_GROUPS = 4;

interface Work {
  readonly verb: "decode" | "encode";
  /** Edges in latent units. */
  readonly height: number;
  readonly width: number;
}

/** Throws ERR_OUT_OF_MEMORY when not even the smallest tiles fit. */
export function fittedVae(parts: FittedParts<VaeFamily>): VideoAutoencoder {
  const { family, config, store, memory } = parts;
  const instance = family.create(config, store);
  // Where a clip cannot be decoded piece by piece, memory grows with its length.
  const grows = instance.tiles !== undefined;
  const needs = new Map<string, number>();
  const fitting = async (work: Work, count: number): Promise<VideoAutoencoder> => {
    const frames = grows ? count : Math.min(count, ENOUGH_GROUPS);
    const need = async (height: number, width: number): Promise<number> => {
      const key = `${work.verb} ${frames} ${height}x${width}`;
      const known = needs.get(key) ?? (await measure(parts, { ...work, height, width }, frames));
      needs.set(key, known);
      return known;
    };
    const whole = await need(work.height, work.width);
    const room = memory.room(store.bytes, store.wholeBytes + whole) - store.wholeBytes;
    if (whole <= room) return instance;
    for (const size of TILE_SIZES) {
      if (size >= Math.max(work.height, work.width)) continue;
      const tile = await need(Math.min(size, work.height), Math.min(size, work.width));
      if (tile > room) continue;
      memory.note(
        `${family.title}: ${work.verb}d in tiles of ${size * family.latent.spatialFactor} pixels, since whole frames ` +
          `take ${formatSize(whole)} of the ${formatSize(room)} that are free.`,
      );
      return tiled(instance, family.latent, store.device, { size, overlap: size * OVERLAP });
    }
    throw new UmbelError(
      "ERR_OUT_OF_MEMORY",
      `Expected ${formatSize(whole)} of GPU memory to ${work.verb} ${describe(parts, work)}, or less for tiles of it, ` +
        `got ${formatSize(Math.max(0, room))} of a budget of ${formatSize(memory.limit)}. Use a larger --vram: ` +
        `${formatSize(memory.limitFor(store.wholeBytes + whole, store.bytes))} hold it whole.`,
    );
  };
  return {
    ...(instance.tiles === undefined ? {} : { tiles: instance.tiles }),
    async decode(latent, onFrames, onStep) {
      const [, frames = 0, height = 0, width = 0] = latent.shape;
      const vae = await fitting({ verb: "decode", height, width }, frames);
      await vae.decode(latent, onFrames, onStep);
    },
    async encode(count, nextFrames) {
      const { spatialFactor } = family.latent;
      using first = await nextFrames(0, 1);
      const [height, width] = [first.shape[1] ?? 0, first.shape[2] ?? 0].map((edge) =>
        Math.ceil(edge / spatialFactor),
      ) as [number, number];
      const groups = 1 + Math.ceil((count - 1) / family.latent.temporalFactor);
      const vae = await fitting({ verb: "encode", height, width }, groups);
      return vae.encode(count, nextFrames);
    },
  };
}

/** Bytes beside the weights, with what whoever takes the frames makes of them. */
async function measure(
  parts: FittedParts<VaeFamily>,
  { verb, height, width }: Work,
  frames: number,
): Promise<number> {
  const { channels, spatialFactor, temporalFactor } = parts.family.latent;
  let handedOut = 0;
  const bytes = await workspaceOf(parts, async (vae, device) => {
    if (verb === "decode") {
      using latent = device.empty([channels, frames, height, width]);
      await vae.decode(latent, async (part) => {
        handedOut = Math.max(handedOut, part.bytes);
      });
      return;
    }
    const [h, w] = [height * spatialFactor, width * spatialFactor];
    using latent = await vae.encode(temporalFactor * (frames - 1) + 1, async (_, n) =>
      scope(() => device.empty([n, h, w, 3])),
    );
    handedOut = Math.max(handedOut, latent.bytes);
  });
  // Frames are brought into another range before they are read.
  return bytes + 2 * handedOut;
}

function describe({ family }: FittedParts<VaeFamily>, { height, width }: Work): string {
  const { spatialFactor } = family.latent;
  return `frames of ${width * spatialFactor}x${height * spatialFactor}`;
}
