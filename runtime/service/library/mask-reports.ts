/** Radial masks of clips with their figures, fast enough to follow a slider. */
import type { z } from "zod";
import { clipGeometry } from "#runtime/attention/clip-geometry";
import type { BlockMask } from "#runtime/attention/block-mask";
import { attendedShare, blockCount, density, rowColumns } from "#runtime/attention/csr";
import { radialMask } from "#runtime/attention/radial";
import { UmbelError } from "#runtime/errors";
import type { MaskReport, maskRequest } from "#runtime/protocol/service-values";
import { RecentValues } from "./recent-values.ts";
import type { StepShares } from "./step-shares.ts";

type Request = z.output<typeof maskRequest>;
/** What the geometry alone says, without a model. */
type Geometry = Omit<MaskReport, "stepFlopShare" | "layers">;

const MOST_BLOCKS = 4096;
const KEPT = 24;

export class MaskReports {
  readonly #shares: StepShares;
  readonly #masks = new RecentValues<Geometry>(KEPT);

  constructor(shares: StepShares) {
    this.#shares = shares;
  }

  /** Throws ERR_INVALID_ARGUMENT for a clip of more blocks than can be shown. */
  async get(request: Request): Promise<MaskReport> {
    const { kind, width, height, frames, decay, block, textTokens } = request;
    const { spatialFactor, temporalFactor } = request;
    const size = [width, height, frames, spatialFactor, temporalFactor];
    const key = [kind, ...size, decay, block, textTokens].join("/");
    const report = this.#masks.get(key) ?? this.#masks.set(key, makeReport(request));
    const step = await this.#shares.get(request, report.attentionShare);
    return { ...report, stepFlopShare: step?.share ?? null, layers: step?.layers ?? null };
  }
}

function makeReport(request: Request): Geometry {
  const { width, height, frames, block, textTokens } = request;
  const { latentFrames, tokensPerFrame } = clipGeometry(width, height, frames, request);
  const tokens = latentFrames * tokensPerFrame + textTokens;
  const blocks = blockCount({ tokens, blockSize: block });
  if (blocks > MOST_BLOCKS) {
    throw new UmbelError(
      "ERR_INVALID_ARGUMENT",
      `Expected a clip of at most ${MOST_BLOCKS} blocks to show its mask, got ${blocks}. Make the clip smaller or the blocks larger.`,
    );
  }
  const mask = radialMask({
    tokensPerFrame,
    frames: latentFrames,
    textTokens,
    decayFactor: request.decay,
    blockSize: block,
    kind: request.kind,
  });
  return {
    blocks,
    tokens,
    tokensPerFrame,
    latentFrames,
    kept: keptBlocks(mask, blocks),
    density: density(mask),
    attentionShare: attendedShare(mask),
  };
}

function keptBlocks(mask: BlockMask, blocks: number): Uint8Array<ArrayBuffer> {
  const kept = new Uint8Array(blocks * blocks);
  for (let row = 0; row < blocks; row++)
    for (const column of rowColumns(mask, row)) kept[row * blocks + column] = 1;
  return kept;
}
