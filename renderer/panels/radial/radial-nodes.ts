/** The node classes that set radial attention, ours and those of ComfyUI's extensions, and what they call its settings. */
import type { DocumentNode } from "#runtime/graph/document";

export interface RadialNames {
  readonly denseSteps: string;
  /** When the graph says nothing; negative: a quarter of the steps. */
  readonly defaultDenseSteps: number;
  readonly denseLayers: string;
  /** A number of leading layers, or a list of layers with commas between them. */
  readonly defaultDenseLayers: number | string;
  readonly lastDenseSteps?: string;
}

const OURS: RadialNames = {
  denseSteps: "dense_steps",
  defaultDenseSteps: -1,
  denseLayers: "dense_layers",
  defaultDenseLayers: 1,
};

const NAMES: ReadonlyMap<string, RadialNames> = new Map<string, RadialNames>([
  ["RadialAttention", OURS],
  ["RadialAttentionSampler", OURS],
  [
    "PatchRadialAttn",
    {
      denseSteps: "dense_timestep",
      defaultDenseSteps: 1,
      denseLayers: "dense_block",
      defaultDenseLayers: 1,
      lastDenseSteps: "last_dense_timestep",
    },
  ],
  [
    "PatchRadialAttention",
    {
      denseSteps: "dense_timesteps",
      defaultDenseSteps: 2,
      denseLayers: "dense_layers",
      defaultDenseLayers: "1,2",
    },
  ],
  [
    "WanVideoSetRadialAttention",
    {
      denseSteps: "dense_timesteps",
      defaultDenseSteps: 2,
      denseLayers: "dense_blocks",
      defaultDenseLayers: 1,
    },
  ],
]);

export function radialNames({ type }: Pick<DocumentNode, "type">): RadialNames | null {
  return NAMES.get(type) ?? null;
}
