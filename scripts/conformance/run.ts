import { loadFamilies } from "#runtime/engine/models/families";
import { ModelManager } from "#runtime/engine/models/manager";
import { openDevice } from "#runtime/tensor/devices";
import { Cases, type CaseResult } from "./cases.ts";
import type { Bench, Check } from "./check.ts";
import { clipText } from "./checks/clip-text.ts";
import { clipVision } from "./checks/clip-vision.ts";
import { comfyui } from "./checks/comfyui.ts";
import { ggufMalformed, ggufQuants, ggufValid } from "./checks/gguf.ts";
import { ggufModels } from "./checks/gguf-models.ts";
import { hunyuanDit } from "./checks/hunyuan-dit.ts";
import { hunyuanLora } from "./checks/hunyuan-lora.ts";
import { hunyuanPipeline } from "./checks/hunyuan-pipeline.ts";
import { hunyuanVae } from "./checks/hunyuan-vae.ts";
import { llama } from "./checks/llama.ts";
import { manifests } from "./checks/manifests.ts";
import { mochiDit } from "./checks/mochi-dit.ts";
import { mochiLora } from "./checks/mochi-lora.ts";
import { mochiPipeline } from "./checks/mochi-pipeline.ts";
import { mochiVae } from "./checks/mochi-vae.ts";
import { noise } from "./checks/noise.ts";
import { radialMasks } from "./checks/radial-masks.ts";
import { schedulers } from "./checks/schedulers.ts";
import { sentencepiece } from "./checks/sentencepiece.ts";
import { tokenizers } from "./checks/tokenizers.ts";
import { umt5 } from "./checks/umt5.ts";
import { wanDit } from "./checks/wan-dit.ts";
import { wanExperts } from "./checks/wan-experts.ts";
import { wanImageToVideo } from "./checks/wan-image-to-video.ts";
import { wanLora } from "./checks/wan-lora.ts";
import { wanPipeline } from "./checks/wan-pipeline.ts";
import { wan22Pipeline } from "./checks/wan22-pipeline.ts";
import { wanVae } from "./checks/wan-vae.ts";
import { foldersBelow, type Folder } from "./folder.ts";

const CHECKS: readonly Check[] = [
  wanDit,
  hunyuanDit,
  mochiDit,
  hunyuanVae,
  mochiVae,
  wanVae,
  umt5,
  llama,
  clipText,
  wanLora,
  hunyuanLora,
  mochiLora,
  schedulers,
  wanPipeline,
  wan22Pipeline,
  wanExperts,
  wanImageToVideo,
  hunyuanPipeline,
  mochiPipeline,
  radialMasks,
  noise,
  sentencepiece,
  tokenizers,
  manifests,
  clipVision,
  ggufModels,
  ggufQuants,
  ggufMalformed,
  ggufValid,
  comfyui,
];

/** Runs every check for which one of the paths is or holds a folder. Throws ERR_FILE, ERR_DEVICE. */
export async function runFolders(
  paths: readonly string[],
  deviceName: "cpu" | "null" | "cuda",
  precision?: "f32" | "bf16",
): Promise<CaseResult[]> {
  const device = openDevice(deviceName, precision === undefined ? {} : { precision });
  const families = await loadFamilies();
  const manager = new ModelManager({ device, families });
  const exact = device.compute === "f32";
  const bench: Bench = {
    device,
    families,
    manager,
    bound: (single, bfloat16) => (exact ? single : bfloat16),
  };
  const results: CaseResult[] = [];
  for (const folder of paths.flatMap(foldersBelow)) {
    await runFolder(folder, bench, (result) => results.push(result));
  }
  return results;
}

async function runFolder(
  folder: Folder,
  bench: Bench,
  emit: (result: CaseResult) => void,
): Promise<void> {
  const check = findCheck(folder, bench);
  const cases = new Cases({ folder: folder.path, check: check?.name ?? folder.name }, emit);
  if (check === null) {
    cases.notChecked("*", `no check knows the form of ${folder.path}`);
    return;
  }
  if (check.computes && bench.device.name === "null") {
    cases.notChecked("*", "needs a device that computes");
    return;
  }
  await cases.prepare("*", () => check.run(folder, bench, cases));
  bench.manager.release();
  await cases.measure("afterwards", { name: "live tensors", bound: 0 }, async () => {
    await bench.device.sync();
    return bench.device.memory().liveTensors;
  });
}

/** By its name, else by what it holds. */
function findCheck(folder: Folder, bench: Bench): Check | null {
  const named = CHECKS.find(({ name }) => name === folder.name);
  if (named !== undefined) return named;
  return CHECKS.find((check) => quietly(() => check.recognises(folder, bench))) ?? null;
}

/** A folder whose files cannot be read is not recognised. */
function quietly(body: () => boolean): boolean {
  try {
    return body();
  } catch {
    return false;
  }
}
