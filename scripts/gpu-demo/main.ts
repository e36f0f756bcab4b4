/**
 * node dist/scripts/gpu-demo/main.js [--models FOLDER] [--steps N]: the bundled model's clip on the GPU, in float32 and
 * bfloat16, against the CPU's: text embedding and first prediction by relative error, frames by PSNR, and the time of each.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ModelManager } from "#runtime/engine/models/manager";
import { loadFamilies } from "#runtime/engine/models/families";
import { openDevice } from "#runtime/tensor/devices";
import { compareClips, makeClip, type Clip, type ClipSettings } from "./clip.ts";

const { values } = parseArgs({
  options: {
    models: { type: "string", default: "models" },
    steps: { type: "string", default: "30" },
  },
});
const settings: ClipSettings = {
  prompt: "a big yellow star spins clockwise on a navy background with a soft glow",
  width: 256,
  height: 256,
  length: 33,
  steps: Number(values.steps),
  cfg: 5,
  seed: 1n,
  withPrediction: true,
  diffusion: join(values.models, "diffusion_models/umbel_tiny_t2v_bf16.safetensors"),
  encoder: join(values.models, "text_encoders/umbel_tiny_umt5_bf16.safetensors"),
  vae: join(values.models, "vae/umbel_tiny_vae_bf16.safetensors"),
};
const families = await loadFamilies();

async function onDevice(name: "cpu" | "cuda", precision: "f32" | "bf16"): Promise<Clip> {
  const device = openDevice(name, { precision });
  const manager = new ModelManager({ device, families });
  const first = await makeClip(device, manager, settings);
  // The second run is timed on the GPU: the first one loads weights.
  const again = name === "cpu" ? first : await makeClip(device, manager, settings);
  const clip = { ...again, repeats: compareClips(again, first).frames === Infinity };
  manager.release();
  await device.sync();
  const { liveTensors, peakBytes } = device.memory();
  const { text, sampling, decoding } = clip.seconds;
  console.log(
    `${name} ${precision}: text ${text.toFixed(3)} s, sampling ${sampling.toFixed(2)} s, decoding ` +
      `${decoding.toFixed(2)} s, peak ${(peakBytes / 2 ** 20).toFixed(0)} MiB, ${liveTensors} live tensors`,
  );
  return clip;
}

const reference = await onDevice("cpu", "f32");
let kept = true;
for (const precision of ["f32", "bf16"] as const) {
  const clip = await onDevice("cuda", precision);
  const { text, prediction, latent, frames } = compareClips(clip, reference);
  console.log(
    `cuda ${precision} against cpu: text ${text.toExponential(2)}, first prediction ${prediction.toExponential(2)}, ` +
      `latent ${latent.toExponential(2)}, frames ${frames.toFixed(1)} dB, same bytes again: ${clip.repeats}`,
  );
  kept &&= frames >= 30 && clip.repeats;
}
process.exitCode = kept ? 0 : 1;
