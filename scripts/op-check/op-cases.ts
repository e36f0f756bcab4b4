import { attentionCases } from "./attention-cases.ts";
import { blockCases } from "./block-cases.ts";
import { elementwiseCases } from "./elementwise-cases.ts";
import { inPlaceCases } from "./in-place-cases.ts";
import { matrixCases } from "./matrix-cases.ts";
import { normCases } from "./norm-cases.ts";
import type { OpCase } from "./op-case.ts";

/** Cases of every op. */
export const opCases: readonly OpCase[] = [
  ...elementwiseCases,
  ...blockCases,
  ...normCases,
  ...matrixCases,
  ...attentionCases,
  ...inPlaceCases,
];
