/** What a user interface and the runtime service tell each other, as schemas; both sides check with them. */
import { z } from "zod";
import { documentSchema, withPlainRecords } from "#runtime/graph/document";

const id = z.string().min(1).max(200);
const bytes = z.number().int().nonnegative();
/** Milliseconds since 1970. */
const time = z.number();

export const documentValue = documentSchema.transform(withPlainRecords);
export const binary = z.instanceof(Uint8Array);

export const problem = z.object({
  code: z.string(),
  severity: z.enum(["error", "warning"]),
  node: z.string().optional(),
  socket: z.string().optional(),
  message: z.string(),
  /** Of a node whose type is not known: one that takes and gives the same. */
  nearest: z.string().optional(),
});

export const errorRecord = z.object({
  code: z.string(),
  message: z.string(),
  nodeId: z.string().optional(),
});

export const deviceInfo = z.object({
  name: z.string().describe('"cpu", "cuda", "null"'),
  label: z.string().describe("For people: NVIDIA GeForce RTX 4090"),
  totalBytes: bytes,
  freeBytes: bytes,
  /** The kernels that ops use: an instruction set, or "sm90" or "portable" on a GPU. */
  kernels: z.string().optional(),
  /** Of matrix products. */
  precision: z.enum(["f32", "bf16"]).optional(),
  /** Bytes of its own memory that may be used; absent where that is the host's. */
  budgetBytes: bytes.optional(),
  /** Why a faster device or path is not used; null when nothing is left out. */
  note: z.string().nullable(),
});

export const serviceInfo = z.object({
  version: z.string(),
  device: deviceInfo,
  outputFolder: z.string(),
  inputFolder: z.string(),
  modelFolders: z.array(z.string()),
  /** What people should know of this start: a database that was set aside, for example. */
  notices: z.array(z.string()),
});

/** A file that a run wrote. `path` is relative to the output (or temporary) folder, with forward slashes. */
export const resultFile = z.object({
  kind: z.enum(["image", "video"]),
  place: z.enum(["output", "temporary"]),
  path: z.string(),
  width: z.number().int(),
  height: z.number().int(),
  frames: z.number().int(),
  fps: z.number().optional(),
});

/** A small value that a node showed. */
export const shownValue = z.union([
  z.object({ kind: z.literal("text"), text: z.string() }),
  z.object({ kind: z.literal("metrics"), values: z.record(z.string(), z.number()) }),
]);

export const nodeRun = z.object({
  node: id,
  seconds: z.number(),
  peakBytes: bytes,
  cached: z.boolean(),
});

export const jobState = z.enum(["waiting", "running", "done", "failed", "cancelled"]);

/** One value that a sweep sets: node id, parameter, and the values it takes. */
export const sweepAxis = z.object({
  node: id,
  value: z.string(),
  values: z
    .array(z.union([z.number(), z.string(), z.boolean()]))
    .min(1)
    .max(64),
});

export const jobEntry = z.object({
  job: id,
  title: z.string(),
  state: jobState,
  /** Jobs submitted together (a batch, a sweep) share it. */
  batch: id.nullable(),
  /** Place in a sweep: index on each axis. */
  cell: z.array(z.number().int().nonnegative()).max(2).nullable(),
  priority: z.number().int(),
  added: time,
  started: time.nullable(),
  ended: time.nullable(),
  /** How often it was started. */
  attempts: z.number().int(),
  /** Why it failed, or why it is tried again. */
  error: errorRecord.nullable(),
  problems: z.array(problem),
  results: z.array(resultFile.extend({ node: id })),
  shown: z.array(z.object({ node: id, value: shownValue })),
  nodes: z.array(nodeRun),
  peakBytes: bytes.nullable(),
});

export const queueState = z.object({
  /** Rises with every change: of two states the one with the higher version is the newer. */
  version: z.number().int(),
  paused: z.boolean(),
  running: z.array(jobEntry),
  /** The next ones, in the order in which they will run: at most 100 in events, as many as asked for in queue.state. */
  waiting: z.array(jobEntry),
  waitingCount: z.number().int(),
});

export const planReport = z.object({
  stages: z.array(
    z.object({
      node: id,
      title: z.string(),
      peakBytes: bytes,
      flops: z.number(),
      /** From earlier runs on this device; null when nothing is known. */
      seconds: z.number().nullable(),
    }),
  ),
  peakBytes: bytes,
  flops: z.number(),
  denseFlops: z.number(),
  attentionFlops: z.number(),
  denseAttentionFlops: z.number(),
  /** Seconds a step and of the whole run, from what this device was measured to do; null when unknown. */
  secondsPerStep: z.number().nullable(),
  seconds: z.number().nullable(),
  assumed: z.array(z.object({ file: z.string(), model: z.string() })),
});

export const maskRequest = z.object({
  kind: z.enum(["wan", "hunyuan"]),
  width: z.number().int().min(16).max(16384),
  height: z.number().int().min(16).max(16384),
  /** Video frames: those of a latent's temporal factor, and one. */
  frames: z.number().int().min(1).max(4097),
  /** Pixels a latent, across and down, and frames a latent: 16 in TI2V 5B, 6 in Mochi. */
  spatialFactor: z.number().int().min(1).max(64).default(8),
  temporalFactor: z.number().int().min(1).max(64).default(4),
  decay: z.number().min(0).max(1),
  block: z.union([z.literal(64), z.literal(128)]),
  textTokens: z.number().int().min(0).max(4096).default(0),
  /** File name of the diffusion model as the graph has it, to know a step's share; null when there is none. */
  model: z.string().nullable().default(null),
  /** Leading transformer blocks that stay dense. */
  denseLayers: z.number().int().min(0).max(1000).default(0),
});

export const maskReport = z.object({
  /** Blocks a side. */
  blocks: z.number().int(),
  tokens: z.number().int(),
  tokensPerFrame: z.number().int(),
  latentFrames: z.number().int(),
  /** blocks x blocks, row-major: 1 kept, 0 dropped; query blocks down. */
  kept: binary,
  /** Kept blocks over all blocks. */
  density: z.number(),
  /** Token pairs that are computed over all token pairs. */
  attentionShare: z.number(),
  /**
   * Operations of one sparse transformer step against the dense one, attention and the rest together; null when the
   * model is not known.
   */
  stepFlopShare: z.number().nullable(),
  /** Transformer blocks of the model; null when it is not known. */
  layers: z.number().int().nullable(),
});

export const modelFile = z.object({
  folder: z.string().describe("diffusion_models, loras, ..."),
  name: z.string().describe("As a graph names it"),
  path: z.string(),
  bytes,
  family: z.string().nullable(),
  kind: z.string().nullable(),
  precision: z.string().nullable(),
  /** Why it cannot be used; null when it can. */
  problem: z.string().nullable(),
});

export const missingModel = z.object({
  node: id,
  input: z.string(),
  folder: z.string(),
  name: z.string(),
  /** Where the graph says it can be had. */
  url: z.string().nullable(),
  sha256: z.string().nullable(),
  /** Where to put it by hand. */
  target: z.string(),
});

export const download = z.object({
  id,
  url: z.string(),
  host: z.string(),
  folder: z.string(),
  name: z.string(),
  state: z.enum(["running", "paused", "done", "failed", "cancelled"]),
  received: bytes,
  total: bytes.nullable(),
  bytesPerSecond: z.number(),
  sha256: z.string().nullable(),
  /** Why it failed, or while it runs, why the connection is tried again. */
  error: errorRecord.nullable(),
});

export const journalEntry = z.object({
  id,
  title: z.string(),
  /** The file it was opened from or saved to. */
  path: z.string().nullable(),
  /** Whether it differs from that file. */
  dirty: z.boolean(),
  changed: time,
  document: documentValue,
});

export const importNote = z.object({
  node: z.string().nullable(),
  /** Info: read with its meaning kept. Warning: something may be missing or run otherwise. */
  severity: z.enum(["info", "warning"]),
  message: z.string(),
});

/** PSNR in dB and SSIM of two clips of one size, in all and frame by frame; null dB: the frames are equal. */
export const comparison = z.object({
  frames: z.number().int(),
  psnr: z.number().nullable(),
  ssim: z.number(),
  psnrByFrame: z.array(z.number().nullable()),
  ssimByFrame: z.array(z.number()),
});

/** A change of settings: those that are absent stay. (Defaults would apply even to an optional field.) */
export const settingsChange = z.object({
  theme: z.enum(["system", "dark", "light"]).optional(),
  modelFolders: z.array(z.string().min(1)).max(100).optional(),
  outputFolder: z.string().min(1).nullable().optional(),
  device: z.enum(["auto", "cpu", "cuda"]).optional(),
  memoryBudgetBytes: bytes.nullable().optional(),
  linkStyle: z.enum(["curved", "straight", "stepped", "hidden"]).optional(),
  snapToGrid: z.boolean().optional(),
  /** What a plain drag on the ground does; with Shift it always selects. */
  groundDrag: z.enum(["pan", "select"]).optional(),
  /** What a box selects: all that it touches, or only what lies in it whole. */
  boxSelects: z.enum(["touched", "whole"]).optional(),
  /** Command -> key, where it differs from the default. */
  keys: z.record(z.string(), z.string()).optional(),
});

export const settingsValue = settingsChange.required();

export const DEFAULT_SETTINGS: z.infer<typeof settingsValue> = {
  theme: "system",
  modelFolders: [],
  outputFolder: null,
  device: "auto",
  memoryBudgetBytes: null,
  linkStyle: "curved",
  snapToGrid: false,
  groundDrag: "pan",
  boxSelects: "touched",
  keys: {},
};

export const memoryReport = z.object({
  usedBytes: bytes,
  totalBytes: bytes,
  held: z.array(z.object({ name: z.string(), bytes })),
});

export type ServiceInfo = z.infer<typeof serviceInfo>;
export type DeviceInfo = z.infer<typeof deviceInfo>;
export type ResultFile = z.infer<typeof resultFile>;
export type JobEntry = z.infer<typeof jobEntry>;
export type QueueState = z.infer<typeof queueState>;
export type SweepAxis = z.infer<typeof sweepAxis>;
export type PlanReport = z.infer<typeof planReport>;
export type MaskRequest = z.input<typeof maskRequest>;
export type MaskReport = z.infer<typeof maskReport>;
export type ModelFile = z.infer<typeof modelFile>;
export type MissingModel = z.infer<typeof missingModel>;
export type Download = z.infer<typeof download>;
export type JournalEntry = z.infer<typeof journalEntry>;
export type Comparison = z.infer<typeof comparison>;
export type SettingsChange = z.infer<typeof settingsChange>;
export type MemoryReport = z.infer<typeof memoryReport>;
export type ShownValue = z.infer<typeof shownValue>;
export type Settings = z.infer<typeof settingsValue>;
