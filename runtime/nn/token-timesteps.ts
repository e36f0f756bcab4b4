import type { DiffusionInput, TokenGrid } from "#runtime/sdk/model";
import type { PatchSize } from "./patches.ts";

/**
 * The timesteps that occur, and which of them each token has. Where only a part of the latent is unknown, a token whose
 * corner is known has timestep 0 (or a fraction for a mask between).
 */
export function tokenTimesteps(
  patch: PatchSize,
  { timestep, unknown, latent }: DiffusionInput,
  grid: TokenGrid,
): { timesteps: number[]; timestepOf: Int32Array | null } {
  if (unknown === undefined) return { timesteps: [timestep], timestepOf: null };
  const [, , height = 0, width = 0] = latent.shape;
  const places = new Map<number, number>();
  const timestepOf = new Int32Array(grid.frames * grid.height * grid.width);
  for (let token = 0; token < timestepOf.length; token++) {
    const x = (token % grid.width) * patch[2];
    const y = (Math.floor(token / grid.width) % grid.height) * patch[1];
    const frame = Math.floor(token / (grid.width * grid.height)) * patch[0];
    const time = Math.fround((unknown[(frame * height + y) * width + x] ?? 1) * timestep);
    const place = places.get(time) ?? places.size;
    places.set(time, place);
    timestepOf[token] = place;
  }
  return { timesteps: [...places.keys()], timestepOf: places.size === 1 ? null : timestepOf };
}
