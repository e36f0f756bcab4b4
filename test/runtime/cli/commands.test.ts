import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readPicture } from "#runtime/media/pictures";
import { ROOT, scratchFolder, TEXT_TO_VIDEO, umbel } from "../../helpers/umbel-process.ts";

const folder = scratchFolder();

describe("umbel validate", () => {
  it("reports every problem of every graph, and goes on behind a broken file", async () => {
    const graph = JSON.parse(readFileSync(TEXT_TO_VIDEO, "utf8"));
    graph.nodes.sampler.values.steps = 0;
    graph.nodes.save.type = "SaveVideos";
    const wrong = join(folder, "wrong.json");
    writeFileSync(wrong, JSON.stringify(graph));
    const none = join(folder, "none.json");
    const { code, stdout } = await umbel(["validate", wrong, none, TEXT_TO_VIDEO]);
    expect(stdout).toContain('error at sampler.steps: Expected "steps" of at least 1, got 0.');
    expect(stdout).toContain("The nearest is SaveVideo (Save video).");
    expect(stdout).toMatch(/none\.json: Expected to read.*ENOENT/);
    expect(stdout).toMatch(/text-to-video\.json: no problems$/m);
    expect(code).not.toBe(0);

    const json = await umbel(["validate", wrong, TEXT_TO_VIDEO, "--json"]);
    const [first, second] = json.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(first.problems.map((problem: { code: string }) => problem.code).toSorted()).toEqual([
      "no_output",
      "unknown_node_type",
      "value_below_min",
    ]);
    expect(second).toEqual({ path: TEXT_TO_VIDEO, problems: [] });
    expect(json.code).toBe(3);
  });

  it("finds no error in the examples", async () => {
    const { code, stdout } = await umbel([
      "validate",
      join(ROOT, "examples/wan21-14b-radial.json"),
    ]);
    expect(stdout).not.toContain("error");
    expect(code).toBe(0);
  });
});

describe("umbel nodes", () => {
  it("lists types with categories, one of them in full, and names the nearest", async () => {
    const list = await umbel(["nodes"]);
    expect(list.stdout).toMatch(/^sampling +KSampler +Sampler$/m);
    const page = await umbel(["nodes", "KSampler"]);
    expect(page.stdout).toMatch(/^ {2}model: MODEL link$/m);
    expect(page.stdout).toMatch(/^ {2}seed: seed 0\.\.18446744073709551615 = "0"$/m);
    const wrong = await umbel(["nodes", "KSamplr"]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("Did you mean KSampler?");
  });

  it("gives them as JSON, and ends quietly when nobody reads on", async () => {
    const { stdout } = await umbel(["nodes", "SaveVideo", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ type: "SaveVideo", output: true });
    const script = `"$0" bin/umbel.js nodes --json | head -c 1; exit "\${PIPESTATUS[0]}"`;
    const piped = spawnSync("bash", ["-c", script, process.execPath], { cwd: ROOT });
    expect(piped.stderr.toString()).toBe("");
    expect({ status: piped.status, out: piped.stdout.toString() }).toEqual({ status: 0, out: "[" });
  });
});

describe("umbel info", () => {
  it("names the version, the device and where models are", async () => {
    const { code, stdout } = await umbel(["info", "--json", "--models", folder, "--threads", "1"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      version: "0.1.0",
      threads: 1,
      device: expect.stringMatching(/^cpu \(\w+, \d+ threads\)|^cuda \(/),
      models: [folder, join(ROOT, "models")],
    });
  });
});

describe("umbel mask", () => {
  it("draws a mask and tells how dense it is", async () => {
    const out = join(folder, "mask.png");
    const size = ["--width", "256", "--height", "256", "--frames", "33", "--block", "64"];
    const { code, stdout } = await umbel(["mask", ...size, "--out", out, "--json"]);
    expect(code).toBe(0);
    const facts = JSON.parse(stdout);
    expect(facts).toMatchObject({ tokens: 2304, blocks: 36, blockSize: 64 });
    expect(facts.density).toBeGreaterThan(0.05);
    expect(facts.density).toBeLessThan(1);
    const { frames } = await readPicture(out);
    expect(frames.width).toBeGreaterThanOrEqual(36);
    expect(frames.height).toBe(frames.width);
  });
});

describe("umbel", () => {
  it("explains itself, with its exit codes", async () => {
    const { code, stdout } = await umbel(["--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("0 ok, 1 failed, 2 usage, 3 invalid, 4 device, 130 cancelled");
    expect((await umbel(["--version"])).stdout).toBe("0.1.0\n");
    expect((await umbel(["dance"])).code).toBe(2);
  });
});
