import { mkdirSync, readFileSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runConformance } from "../../scripts/conformance/cli.ts";
import { runFolders } from "../../scripts/conformance/run.ts";
import { safetensorsBytes, temporaryFolder } from "../helpers/safetensors-bytes.ts";
import { NO_SHARED, sharedDir, sharedPath } from "../helpers/shared.ts";

/** Five numbers that torch draws after manual_seed(0). */
const SEED_0 = [1.54099607, -0.293428898, -2.17878938, 0.568431258, -1.08452237];

/** A folder of reference noise; with `wrong`, its last number is off by that. */
function noiseFolder(name: string, wrong = 0): string {
  const root = temporaryFolder();
  mkdirSync(join(root, name));
  const values = Float32Array.from(SEED_0, (value, i) => value + (i === 4 ? wrong : 0));
  const header = { seed0_5: { dtype: "F32", shape: [5], data_offsets: [0, 20] } };
  const bytes = safetensorsBytes(header, new Uint8Array(values.buffer));
  writeFileSync(join(root, name, "torch.safetensors"), bytes);
  return root;
}

async function run(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const lines = { out: "", error: "" };
  const code = await runConformance(args, {
    out: (text) => (lines.out += text),
    error: (text) => (lines.error += text),
  });
  return { code, ...lines };
}

test("a folder within its bounds: 0, and a table with measured and bound", async () => {
  const { code, out } = await run(noiseFolder("noise"));
  expect(out).toMatch(/noise\s+seed0_5\s+largest difference\s+\S+\s+<= 1\.00e-6\s+ok/);
  expect(out).toMatch(/2 within their bound, 0 broken, 0 with an error, 0 not checked/);
  expect(code).toBe(0);
});

test("a broken bound: 1", async () => {
  const { code, out } = await run(noiseFolder("noise", 3e-6));
  expect(out).toMatch(/seed0_5\s+largest difference\s+\S+e-6\s+<= 1\.00e-6\s+broken/);
  expect(code).toBe(1);
});

test("a number that is none breaks its bound", async () => {
  expect((await run(noiseFolder("noise", NaN))).code).toBe(1);
});

test("a folder of another name is known by what it holds", async () => {
  const { code, out } = await run(noiseFolder("drawn"), "--json");
  const { failed, results } = JSON.parse(out) as { failed: boolean; results: { check: string }[] };
  expect(results.map(({ check }) => check)).toEqual(["noise", "noise"]);
  expect(failed).toBe(false);
  expect(code).toBe(0);
});

test("a folder that no check knows is named", async () => {
  const root = temporaryFolder();
  mkdirSync(join(root, "other"));
  writeFileSync(join(root, "other", "data.json"), "[1, 2]");
  const { code, out } = await run(root);
  expect(out).toMatch(/other\s+\*\s+not checked: no check knows the form of .*other/);
  expect(code).toBe(0);
});

test("a file that is none is an error of its case", async () => {
  const root = noiseFolder("noise");
  writeFileSync(join(root, "noise", "another.safetensors"), "not tensors");
  const results = await runFolders([root], "cpu");
  expect(results.map(({ case: name, status }) => [name, status])).toEqual([
    ["another.safetensors", "error"],
    ["seed0_5", "ok"],
    ["afterwards", "ok"],
  ]);
});

test("wrong usage: 2", async () => {
  for (const args of [[], ["--device", "tpu", "x"], ["--nonsense"], ["/nowhere/at/all"]]) {
    const { code, error } = await run(...args);
    expect(error).not.toBe("");
    expect(code).toBe(2);
  }
});

/** A copy that can be written to. */
function copyFolder(shared: string, target: string): void {
  mkdirSync(target);
  for (const name of readdirSync(sharedPath(shared))) {
    writeFileSync(join(target, name), readFileSync(sharedPath(`${shared}/${name}`)));
  }
}

describe.skipIf(sharedDir() === null)(`reference data (${NO_SHARED})`, () => {
  test("every bound of goldens/wan holds", { timeout: 120_000 }, async () => {
    const results = await runFolders([sharedPath("goldens/wan")], "cpu");
    expect(results.filter(({ status }) => status !== "ok")).toEqual([]);
    const checks = new Set(results.map(({ check }) => check));
    expect([...checks].toSorted()).toEqual([
      "manifests",
      "noise",
      "radial-masks",
      "schedulers",
      "sentencepiece",
      "umt5",
      "wan-dit",
      "wan-lora",
      "wan-pipeline",
      "wan-vae",
    ]);
    expect(results.length).toBeGreaterThan(200);
  });

  test.each(["wan22", "wan-i2v", "gguf"])(
    "every bound of goldens/%s holds",
    { timeout: 120_000 },
    async (name) => {
      const results = await runFolders([sharedPath(`goldens/${name}`)], "cpu");
      const unknown = /vae_diffusers_to_original/;
      const failed = results.filter(
        ({ status, case: title }) => status !== "ok" && !unknown.test(title),
      );
      expect(failed).toEqual([]);
      expect(results.length).toBeGreaterThan(20);
    },
  );

  test("every bound of goldens/hunyuan holds", { timeout: 120_000 }, async () => {
    const results = await runFolders([sharedPath("goldens/hunyuan")], "cpu");
    const kept = results.filter(({ note = "" }) => !/references differ/.test(note));
    expect(kept.filter(({ status }) => status !== "ok")).toEqual([]);
    const checks = new Set(results.map(({ check }) => check));
    expect([...checks].toSorted()).toEqual([
      "clip-text",
      "hunyuan-dit",
      "hunyuan-lora",
      "hunyuan-pipeline",
      "hunyuan-vae",
      "llama-encoder",
      "manifests",
      "radial-masks",
      "schedulers",
      "tokenizers",
    ]);
    expect(kept.length).toBeGreaterThan(150);
  });

  test("every bound of goldens/mochi holds", { timeout: 120_000 }, async () => {
    const results = await runFolders([sharedPath("goldens/mochi")], "cpu");
    const broken = results.filter(({ status }) => status !== "ok" && status !== "not checked");
    expect(broken).toEqual([]);
    // Other files of the folders: configurations, a second reading of a LoRA, genmo's own tilings.
    expect(results.filter(({ status }) => status === "not checked").length).toBeLessThanOrEqual(5);
    const checks = new Set(results.map(({ check }) => check));
    expect([...checks].toSorted()).toEqual([
      "manifests",
      "mochi-dit",
      "mochi-lora",
      "mochi-pipeline",
      "mochi-vae",
      "radial-masks",
      "schedulers",
      "umt5",
    ]);
    expect(results.length).toBeGreaterThan(130);
  });

  test("without a device that computes only what needs none is checked", async () => {
    const results = await runFolders([sharedPath("goldens/wan/manifests")], "null");
    expect(results.filter(({ status }) => status !== "ok")).toEqual([]);
    const skipped = await runFolders([sharedPath("goldens/wan/umt5")], "null");
    expect(skipped).toMatchObject([{ status: "not checked", note: /computes/ }]);
  });

  test("damaged weights break their folder's cases and no others", async () => {
    const root = temporaryFolder();
    for (const name of ["umt5", "sentencepiece"])
      copyFolder(`goldens/wan/${name}`, join(root, name));
    const weights = join(root, "umt5", "weights.safetensors");
    const bytes = readFileSync(weights);

    // A lost end.
    truncateSync(weights, bytes.length - 100);
    const lost = await runFolders([root], "cpu");
    const status = (folder: string) =>
      lost.filter(({ check }) => check === folder).map((result) => result.status);
    expect(status("umt5")).toEqual(["error", "ok"]);
    expect(new Set(status("sentencepiece"))).toEqual(new Set(["ok"]));

    // Other numbers in the middle.
    bytes.fill(0x3f, bytes.length / 2, bytes.length / 2 + 4000);
    writeFileSync(weights, bytes);
    const changed = await runFolders([join(root, "umt5")], "cpu");
    expect(changed.map((result) => result.status)).toEqual(["ok", "broken", "broken", "ok"]);
  });
});
