/** Radial block masks, bit for bit: index.json says the geometry of each packed mask. */
import { blockCount, rowColumns } from "#runtime/attention/csr";
import { radialMask } from "#runtime/attention/radial";
import type { BlockMask } from "#runtime/attention/block-mask";
import type { Check } from "../check.ts";
import { readGolden } from "../golden-file.ts";

interface Geometry {
  readonly tokens_per_frame: number;
  readonly frames: number;
  readonly text_tokens: number;
  readonly decay_factor: number;
  readonly model: "wan" | "hunyuan";
  readonly block_size: 64 | 128;
}

export const radialMasks: Check = {
  name: "radial-masks",
  computes: false,
  recognises: (folder) => folder.has("index.json") && folder.has("masks.safetensors"),

  async run(folder, _bench, cases) {
    const index = await cases.prepare(
      "index.json",
      () => folder.json("index.json") as Record<string, Geometry>,
    );
    const masks = await cases.prepare("masks.safetensors", () =>
      readGolden(folder.file("masks.safetensors")),
    );
    if (index === null || masks === null) return;
    for (const [name, geometry] of Object.entries(index)) {
      await cases.measure(name, { name: "differing blocks", bound: 0 }, () =>
        differingBits(maskOf(geometry), masks.bytes(name)),
      );
    }
  },
};

/** Mochi's masks are those of HunyuanVideo: no frame is seen by all. */
function maskOf(geometry: Geometry): BlockMask {
  return radialMask({
    tokensPerFrame: geometry.tokens_per_frame,
    frames: geometry.frames,
    textTokens: geometry.text_tokens,
    decayFactor: geometry.decay_factor,
    blockSize: geometry.block_size,
    kind: geometry.model === "wan" ? "wan" : "hunyuan",
  });
}

/** Bit i of byte n is element 8 n + i of the row-major mask. */
function differingBits(mask: BlockMask, packed: Uint8Array): number {
  const blocks = blockCount(mask);
  const missing = Math.abs(Math.ceil((blocks * blocks) / 8) - packed.length) * 8;
  const found = new Uint8Array(packed.length);
  for (let row = 0; row < blocks; row++) {
    for (const column of rowColumns(mask, row)) {
      const at = row * blocks + column;
      found[at >> 3] = (found[at >> 3] ?? 0) | (1 << (at & 7));
    }
  }
  let count = missing;
  for (let i = 0; i < packed.length; i++) {
    for (let bits = (found[i] ?? 0) ^ (packed[i] ?? 0); bits !== 0; bits &= bits - 1) count++;
  }
  return count;
}
