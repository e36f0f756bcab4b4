/**
 * node dist/scripts/gpu-model/main.js ROW... --weights FOLDER [--family wan|hunyuan|mochi|wan22] [--json FILE] [--device cuda|cpu]
 * [--vram BYTES] [--rounds N] [--width W --height H --frames N] [--weight-type default|fp8_e4m3fn|fp8_e4m3fn_fast]: seconds and peak
 * memory of whole models, of the first file in each of ComfyUI's folders below FOLDER, at the family's published size. ROWs: load,
 * dense, radial, decode, encode, text, clip, steady; text and clip are Wan's. Each round's time is kept; the first one
 * loads weights. The figure is the median of the others.
 */
import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UmbelError } from "#runtime/errors";
import { loadFamilies } from "#runtime/engine/models/families";
import { ModelManager } from "#runtime/engine/models/manager";
import { DENSE } from "#runtime/sdk/attention-settings";
import { CudaDevice, cudaInfo } from "#runtime/tensor/cuda-device";
import { openDevice } from "#runtime/tensor/devices";
import { clip } from "./clip-row.ts";
import { isModelSetName, MODEL_SETS } from "./model-sets.ts";
import { decode, encode, encodeText, forward, load, steady, type RowContext } from "./rows.ts";
import type { RowFigures } from "./rows.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    weights: { type: "string", default: "models" },
    family: { type: "string", default: "wan" },
    json: { type: "string" },
    device: { type: "string", default: "cuda" },
    vram: { type: "string" },
    rounds: { type: "string", default: "5" },
    width: { type: "string" },
    height: { type: "string" },
    frames: { type: "string" },
    "weight-type": { type: "string", default: "default" },
  },
});

const { family } = values;
if (!isModelSetName(family)) {
  const known = Object.keys(MODEL_SETS).join(", ");
  throw new UmbelError("ERR_USAGE", `Expected one of ${known} as the family, got ${family}.`);
}
const set = MODEL_SETS[family];

const ROWS: Readonly<Record<string, (context: RowContext) => Promise<RowFigures>>> = {
  dense: (context) => forward(context, DENSE),
  radial: (context) => forward(context, set.radial),
  steady: (context) => steady(context, set.radial),
  load,
  decode,
  encode,
  text: encodeText,
  clip,
};

const { device: deviceName, "weight-type": weightType } = values;
if (deviceName !== "cuda" && deviceName !== "cpu")
  throw new UmbelError("ERR_USAGE", `Expected --device cuda or cpu, got ${deviceName}.`);
if (weightType !== "default" && weightType !== "fp8_e4m3fn" && weightType !== "fp8_e4m3fn_fast")
  throw new UmbelError("ERR_USAGE", `Expected a weight type, got ${weightType}.`);

function firstFile(folder: string): string {
  const path = join(values.weights, folder);
  const name = readdirSync(path).find((file) => file.endsWith(".safetensors"));
  if (name !== undefined) return join(path, name);
  throw new UmbelError("ERR_FILE", `Expected a .safetensors file in ${path}, got none.`);
}

const device = openDevice(
  deviceName,
  values.vram === undefined ? {} : { memoryLimit: Number(values.vram) },
);
const families = await loadFamilies();
const context: RowContext = {
  device,
  families,
  manager: new ModelManager({ device, families }),
  files: {
    get diffusion() {
      return firstFile("diffusion_models");
    },
    get encoder() {
      return firstFile("text_encoders");
    },
    get vae() {
      return firstFile("vae");
    },
    get lora() {
      return firstFile("loras");
    },
  },
  size: {
    width: Number(values.width ?? set.size.width),
    height: Number(values.height ?? set.size.height),
    frames: Number(values.frames ?? set.size.frames),
  },
  textTokens: set.textTokens,
  rounds: Number(values.rounds),
  weightType,
  ...(device instanceof CudaDevice ? { deviceLimit: device.memoryLimit } : {}),
};

const title = deviceName === "cuda" ? cudaInfo().name : "CPU";
for (const row of positionals) {
  const measure = ROWS[row];
  if (measure === undefined) {
    const known = Object.keys(ROWS).join(", ");
    throw new UmbelError("ERR_USAGE", `Expected one of ${known}, got ${row}.`);
  }
  const { seconds, peakBytes, details } = await measure(context);
  const later = seconds.slice(1).toSorted((a, b) => a - b);
  const median = later[Math.floor(later.length / 2)] ?? NaN;
  const { liveTensors } = device.memory();
  console.log(
    `${row.padEnd(8)} first ${(seconds[0] ?? NaN).toFixed(3)} s, then ${median.toFixed(3)} s ` +
      `(${(later[0] ?? NaN).toFixed(3)} to ${(later.at(-1) ?? NaN).toFixed(3)}), ` +
      `peak ${(peakBytes / 2 ** 30).toFixed(2)} GiB, ${liveTensors} live tensors`,
  );
  if (values.json === undefined) continue;
  const setting = { family, ...context.size, weightType, vram: values.vram ?? null, device: title };
  const line = {
    name: `model ${row}`,
    ...setting,
    seconds,
    median,
    peakBytes,
    liveTensors,
    ...details,
  };
  appendFileSync(values.json, `${JSON.stringify(line)}\n`);
}
context.manager.release();
await device.sync();
