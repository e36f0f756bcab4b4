/** What a GPU backend is measured against: our figure, the other side's in the same run, and the bound between them. */

/** A line of bench.jsonl or reference.jsonl. */
export type Figure = Readonly<Record<string, unknown>>;

type Pick = Readonly<Record<string, string | number | boolean | null>>;

export interface Bound {
  readonly title: string;
  readonly ours: Pick;
  /** The key of our figure, seconds or milliseconds. */
  readonly value:
    | "ms"
    | "median"
    | "peakBytes"
    | "peakOverPlan"
    | "copyShare"
    | "firstOverTenth"
    | "gigabytesPerSecond";
  /** Theirs, with the key of its time in the unit of ours; its time over ours has to reach `least`. */
  readonly other?: {
    readonly pick: Pick;
    readonly value: "ms" | "seconds" | "median" | "peakBytes";
    readonly least: number;
  };
  /** In the unit of `value`. */
  readonly most?: number;
  readonly least?: number;
}

/** Of Wan 2.1 14B in bfloat16. */
const WEIGHTS_14B = 28_576_983_168;
const NATIVE = "40 heads x 69120";
const radial = (heads: number, tokens: number): Bound => ({
  title: `radial attention, ${heads} heads x ${tokens}`,
  ours: { name: "attention radial", size: `${heads} heads x ${tokens}*`, attentionPath: "fastest" },
  value: "ms",
  other: { pick: { name: "attention_radial", tokens }, value: "ms", least: 1.4 },
});

interface FamilyRows {
  readonly family: string;
  readonly frames: number;
}

/** A model's forward pass, radial and dense, against diffusers: `theirs` is how its lines begin. */
function forwardBounds(title: string, theirs: string, ours: FamilyRows): readonly Bound[] {
  return [
    { row: "radial", attention: "flex", most: 0.8 },
    { row: "dense", attention: "cudnn", most: 0.95 },
  ].map(({ row, attention, most }): Bound => ({
    title: `${title} forward, ${row}`,
    ours: { name: `model ${row}`, weightType: "default", vram: null, ...ours },
    value: "median",
    other: {
      pick: { name: `${theirs}_forward`, attention, compiled: false },
      value: "seconds",
      least: 1 / most,
    },
  }));
}

/** The same of its decoder, in time and memory. */
function decodeBounds(title: string, theirs: string, ours: FamilyRows): readonly Bound[] {
  return (["median", "peakBytes"] as const).map((value): Bound => ({
    title: `${title} VAE decode, ${value === "median" ? "seconds" : "bytes"}`,
    ours: { name: "model decode", ...ours },
    value,
    other: {
      pick: { name: `${theirs}_vae_decode`, frames: ours.frames },
      value: value === "median" ? "seconds" : "peakBytes",
      least: 2,
    },
  }));
}

const HUNYUAN = { family: "hunyuan", frames: 117 };
const MOCHI = { family: "mochi", frames: 163 };
/** Either expert has the shape of Wan 2.1 14B. */
const WAN22_A14B = { family: "wan", frames: 77 };

/** Products that both our own kernels and cuBLASLt have. */
const PRODUCTS = ["69120 x 5120 x 5120", "69120 x 13824 x 5120", "69120 x 5120 x 13824"];

export const BOUNDS: readonly Bound[] = [
  {
    title: `dense attention, ${NATIVE}`,
    ours: { name: "attention dense", size: NATIVE, attentionPath: "fastest" },
    value: "ms",
    other: {
      pick: { name: "attention_dense", impl: "cudnn", tokens: 69_120 },
      value: "ms",
      least: 1.05,
    },
  },
  radial(40, 69_120),
  radial(24, 115_456),
  radial(24, 460_800),
  {
    title: `dense attention, ${NATIVE}, portable path`,
    ours: { name: "attention dense", size: NATIVE, attentionPath: "portable" },
    value: "ms",
    other: {
      pick: { name: "attention_dense", impl: "flash2", tokens: 69_120 },
      value: "ms",
      least: 0.95,
    },
  },
  ...PRODUCTS.map((size): Bound => ({
    title: `own linear kernel, ${size}`,
    ours: { name: "linear + bias bf16", size, linearPath: "own" },
    value: "ms",
    other: {
      pick: { name: "linear + bias bf16", size, linearPath: "cublaslt" },
      value: "ms",
      least: 0.85,
    },
  })),
  {
    title: "Wan 2.1 14B forward, radial",
    ours: { name: "model radial", family: "wan", weightType: "default", vram: null, frames: 69 },
    value: "median",
    other: {
      pick: { name: "wan14b_forward", attention: "flex", compiled: true },
      value: "seconds",
      least: 1 / 0.86,
    },
  },
  {
    title: "Wan 2.1 14B forward, dense",
    ours: { name: "model dense", family: "wan", weightType: "default", vram: null, frames: 69 },
    value: "median",
    other: {
      pick: { name: "wan14b_forward", attention: "cudnn", compiled: true },
      value: "seconds",
      least: 1 / 0.97,
    },
  },
  {
    title: "Wan 2.1 14B forward, radial, fp8 linears",
    ours: { name: "model radial", family: "wan", weightType: "fp8_e4m3fn_fast", vram: null },
    value: "median",
    most: 3.6,
  },
  {
    title: "Wan 2.1 14B forward, radial, bytes",
    ours: { name: "model radial", family: "wan", weightType: "default", vram: null, frames: 69 },
    value: "peakBytes",
    most: WEIGHTS_14B + 4 * 2 ** 30,
  },
  {
    title: "Wan 2.1 14B forward, radial, 8 GiB",
    ours: { name: "model radial", family: "wan", weightType: "default", vram: `${8 * 2 ** 30}` },
    value: "median",
    other: {
      pick: { name: "model radial", family: "wan", weightType: "default", vram: null, frames: 69 },
      value: "median",
      least: 1 / 1.05,
    },
  },
  {
    title: "the same, bytes",
    ours: { name: "model radial", family: "wan", weightType: "default", vram: `${8 * 2 ** 30}` },
    value: "peakBytes",
    most: 8 * 2 ** 30,
  },
  ...[null, `${8 * 2 ** 30}`].map((vram): Bound => ({
    title: `peak bytes over those of the plan, ${vram === null ? "without a budget" : "8 GiB"}`,
    ours: { name: "model radial", family: "wan", weightType: "default", vram },
    value: "peakOverPlan",
    most: 1.02,
  })),
  {
    title: "Wan 2.1 14B forward, first over tenth pass",
    ours: { name: "model steady", family: "wan" },
    value: "firstOverTenth",
    least: 0.97,
    most: 1.03,
  },
  ...forwardBounds("HunyuanVideo", "hunyuan", HUNYUAN),
  ...decodeBounds("HunyuanVideo", "hunyuan", HUNYUAN),
  {
    title: "HunyuanVideo, 465 frames, radial against dense",
    ours: { name: "model radial", family: "hunyuan", frames: 465 },
    value: "median",
    other: {
      pick: { name: "model dense", family: "hunyuan", frames: 465 },
      value: "median",
      least: 5,
    },
  },
  ...forwardBounds("Mochi", "mochi", MOCHI),
  ...decodeBounds("Mochi", "mochi", MOCHI),
  ...forwardBounds("Wan 2.2 A14B", "wan", WAN22_A14B),
  ...decodeBounds("Wan 2.2 A14B", "wan", WAN22_A14B),
  ...decodeBounds("Wan 2.2 TI2V 5B", "wan22", { family: "wan22", frames: 121 }),
  {
    title: "Wan 2.1 14B from the disk cache to the GPU, GB/s",
    ours: { name: "model load", family: "wan" },
    value: "gigabytesPerSecond",
    least: 6,
  },
  {
    title: "VAE decode",
    ours: { name: "model decode", family: "wan", frames: 69 },
    value: "median",
    other: { pick: { name: "wan_vae_decode", frames: 69 }, value: "seconds", least: 1 },
    most: 2,
  },
  {
    title: "VAE decode, bytes",
    ours: { name: "model decode", family: "wan", frames: 69 },
    value: "peakBytes",
    most: 4 * 2 ** 30,
  },
  {
    title: "VAE encode",
    ours: { name: "model encode", family: "wan", frames: 69 },
    value: "median",
    other: { pick: { name: "wan_vae_encode", frames: 69 }, value: "seconds", least: 1 },
    most: 1.2,
  },
  {
    title: "UMT5-XXL, 512 tokens",
    ours: { name: "model text", family: "wan" },
    value: "median",
    most: 0.022,
  },
  {
    title: "text to frames, 4 steps with a LoRA",
    ours: { name: "model clip", family: "wan", weightType: "default" },
    value: "median",
    most: 28,
  },
  {
    title: "text to frames, 4 steps with a LoRA, fp8",
    ours: { name: "model clip", family: "wan", weightType: "fp8_e4m3fn_fast" },
    value: "median",
    most: 22,
  },
  ...[
    "layer_norm_modulate f32 -> bf16",
    "rms_norm_rope bf16",
    "rms_norm bf16",
    "gated_residual f32 + bf16",
    "gated_residual bf16",
    "silu bf16",
    "gelu (tanh) bf16",
    "channel_rms_norm + SiLU bf16",
    "upsample2x bf16",
  ].map((name): Bound => ({
    title: `${name}, share of copy`,
    ours: { name },
    value: "copyShare",
    least: 0.85,
  })),
];

export interface Judged {
  readonly title: string;
  readonly ours: number;
  readonly theirs: number | null;
  /** Theirs over ours; more is better. */
  readonly ratio: number | null;
  readonly bound: string;
  readonly holds: boolean;
}

/** A bound with the figures of a run; null where ours was not measured. Of several figures the last counts. */
export function judge(bound: Bound, figures: readonly Figure[]): Judged | null {
  const line = last(figures, bound.ours);
  const ours = line?.[bound.value];
  if (typeof ours !== "number") return null;
  const other = bound.other === undefined ? undefined : last(figures, bound.other.pick);
  const theirs = other === undefined ? null : Number(other[bound.other?.value ?? "ms"]);
  const ratio = theirs === null ? null : theirs / ours;
  const parts = [
    bound.other && ratio !== null ? `ratio >= ${bound.other.least.toFixed(2)}` : null,
    bound.most === undefined ? null : `<= ${bound.most}`,
    bound.least === undefined ? null : `>= ${bound.least}`,
  ];
  const holds =
    (bound.other === undefined || ratio === null || ratio >= bound.other.least) &&
    ours <= (bound.most ?? Infinity) &&
    ours >= (bound.least ?? -Infinity) &&
    (ratio !== null || bound.most !== undefined || bound.least !== undefined);
  return {
    title: bound.title,
    ours,
    theirs,
    ratio,
    bound: parts.filter((part) => part !== null).join(", ") || "the other side was not measured",
    holds,
  };
}

function last(figures: readonly Figure[], pick: Pick): Figure | undefined {
  return figures.findLast((figure) =>
    Object.entries(pick).every(([key, wanted]) => {
      const value = figure[key];
      return typeof wanted === "string" && wanted.endsWith("*")
        ? String(value).startsWith(wanted.slice(0, -1))
        : value === wanted;
    }),
  );
}
