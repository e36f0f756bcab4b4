/** Graphs of a few lines, run with the bundled model in this process. */
import { join } from "node:path";
import { openEngine, type OpenEngine } from "#runtime/engine/open-engine";
import { parseDocument, type GraphDocument } from "#runtime/graph/document";
import type { Json } from "#runtime/graph/json";
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import type { JobEvent, ResultMessage } from "#runtime/protocol/events";
import { expectNoLiveTensors } from "./tensors.ts";
import { ROOT, scratchFolder, workerSettings } from "./umbel-process.ts";

export const FILES = {
  diffusion_models: "umbel_tiny_t2v_bf16.safetensors",
  text_encoders: "umbel_tiny_umt5_bf16.safetensors",
  vae: "umbel_tiny_vae_bf16.safetensors",
  loras: "umbel_tiny_4step_lora.safetensors",
} as const;

export type Nodes = Readonly<Record<string, readonly [string, Record<string, Json>]>>;

/** Values of the form "@node.output" are links. */
export function graph(nodes: Nodes): GraphDocument {
  const links: { from: [string, string]; to: [string, string] }[] = [];
  const made = Object.entries(nodes).map(([id, [type, inputs]]) => {
    const values = Object.entries(inputs).filter(([name, value]) => {
      const [, from, socket] = /^@(\w+)\.(\w+)$/.exec(typeof value === "string" ? value : "") ?? [];
      if (from === undefined || socket === undefined) return true;
      links.push({ from: [from, socket], to: [id, name] });
      return false;
    });
    return [id, { type, values: Object.fromEntries(values) }] as const;
  });
  return parseDocument({ umbel: 1, nodes: Object.fromEntries(made), links } as unknown as Json);
}

export const PROMPT = "a big red circle moves to the right on a white background";

/** Loaders, prompts and a size of ComfyUI's own nodes. */
export const NATIVE: Nodes = {
  unet: ["UNETLoader", { unet_name: FILES.diffusion_models }],
  clip: ["CLIPLoader", { clip_name: FILES.text_encoders }],
  vae: ["VAELoader", { vae_name: FILES.vae }],
  positive: ["CLIPTextEncode", { clip: "@clip.CLIP", text: PROMPT }],
  negative: ["CLIPTextEncode", { clip: "@clip.CLIP", text: "" }],
  latent: ["EmptyHunyuanLatentVideo", { width: 128, height: 128, length: 9 }],
};

export const sampled = (model: string, more: Record<string, Json> = {}): Nodes[string] => [
  "KSampler",
  {
    model,
    seed: 7,
    steps: 3,
    cfg: 1,
    sampler_name: "euler",
    scheduler: "simple",
    positive: "@positive.CONDITIONING",
    negative: "@negative.CONDITIONING",
    latent_image: "@latent.LATENT",
    ...more,
  },
];
export const decoded = (samples: string): Nodes[string] => [
  "VAEDecode",
  { samples, vae: "@vae.VAE" },
];

export class GraphRunner implements AsyncDisposable {
  readonly open: OpenEngine;
  readonly settings: EngineSettings;

  private constructor(open: OpenEngine, settings: EngineSettings) {
    this.open = open;
    this.settings = settings;
  }

  /** With the bundled model, or with those of other folders. */
  static async start(models?: readonly string[]): Promise<GraphRunner> {
    const settings = {
      ...workerSettings(scratchFolder()),
      nodes: [join(ROOT, "nodes")],
      ...(models === undefined ? {} : { models }),
    };
    return new GraphRunner(await openEngine(settings), settings);
  }

  async run(document: GraphDocument): Promise<JobEvent[]> {
    const events: JobEvent[] = [];
    await this.open.engine.run({
      job: "test",
      document,
      signal: new AbortController().signal,
      emit: (event) => events.push(event),
    });
    return events;
  }

  /** PSNR of two clips; infinite when they are equal. */
  async compare(nodes: Nodes, a: string, b: string): Promise<number> {
    const both = { reference: `@${a}`, images: `@${b}` };
    const events = await this.run(graph({ ...nodes, compare: ["CompareVideos", both] }));
    const [metrics] = resultsOf(events).filter(({ kind }) => kind === "metrics");
    return metrics?.kind === "metrics" ? (metrics.values["psnr"] ?? Number.NaN) : Number.NaN;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.open[Symbol.asyncDispose]();
    await expectNoLiveTensors(this.open.device);
  }
}

export function resultsOf(events: readonly JobEvent[]): ResultMessage[] {
  return events.flatMap((event) => (event.type === "node_result" ? [event.result] : []));
}
