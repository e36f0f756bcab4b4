import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseDocument } from "#runtime/graph/document";
import { readEmbeddedGraph } from "#runtime/media/embedded-graph";
import type { JobEvent } from "#runtime/protocol/events";
import {
  filesOf,
  ROOT,
  scratchFolder,
  sets,
  SMALL,
  TEXT_TO_VIDEO,
  umbel,
} from "../../helpers/umbel-process.ts";

const folder = scratchFolder();
const graph = JSON.parse(readFileSync(TEXT_TO_VIDEO, "utf8"));

/** The example with changed nodes, as a file. */
function graphFile(name: string, nodes: object, links: readonly object[] = []): string {
  const path = join(folder, name);
  const document = {
    ...graph,
    nodes: { ...graph.nodes, ...nodes },
    links: [...graph.links, ...links],
  };
  writeFileSync(path, JSON.stringify(document));
  return path;
}

const pictures = graphFile("pictures.json", { pictures: { type: "SaveImage" } }, [
  { from: ["decode", "IMAGE"], to: ["pictures", "images"] },
]);

const eventsOf = (stdout: string): JobEvent[] =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as JobEvent);

/** An MP4 without the times of its creation, which stand behind the version and flags of three kinds of boxes. */
function withoutTimes(path: string): Buffer {
  const bytes = readFileSync(path);
  for (const box of ["mvhd", "tkhd", "mdhd"]) {
    const at = bytes.indexOf(box, 0, "latin1");
    bytes.fill(0, at + 8, at + 16);
  }
  return bytes;
}

describe("umbel run", () => {
  const out = join(folder, "out");
  const video = join(out, "text-to-video_00001_.mp4");

  it("makes a clip, with parameters set by id, title and type", async () => {
    const text = 'A "small" green star = 1, ü\n2';
    const { code, stdout, stderr } = await umbel([
      "run",
      TEXT_TO_VIDEO,
      ...sets([...SMALL.slice(0, 1), "sampler.seed=18446744073709551615", `Prompt.text=${text}`]),
      ...sets(["EmptyHunyuanLatentVideo.width=64", "Size and length.height=64", "latent.length=5"]),
      "--out",
      out,
    ]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^ {2}Sampler +[\d.]+ s +\d+ % +[\d.]+ MiB$/m);
    expect(stdout).toMatch(/^ {2}all +[\d.]+ s +[\d.]+ MiB$/m);
    expect(stdout).toMatch(/^ {2}peak memory of the process [\d.]+ MiB$/m);
    expect(stdout).toContain(`saved ${video} (64x64, 5 frames at 16 fps, 0.3 s)`);
    expect(filesOf(out)).toEqual(["text-to-video_00001_.mp4"]);
    const { nodes } = parseDocument((await readEmbeddedGraph(video))["umbel"] ?? "");
    expect(nodes["sampler"]?.values).toMatchObject({ seed: "18446744073709551615", steps: 2 });
    expect(nodes["positive"]?.values["text"]).toBe(text);
    expect(nodes["latent"]?.values).toMatchObject({ width: 64, height: 64, length: 5 });
  });

  it("runs the clip that it saved again, to the same bytes", async () => {
    const again = join(folder, "again");
    const { code, stderr } = await umbel(["run", video, "--out", again]);
    expect(code, stderr).toBe(0);
    const second = join(again, "text-to-video_00001_.mp4");
    expect(withoutTimes(second).equals(withoutTimes(video))).toBe(true);
  });

  it("runs a saved picture again, to the same bytes", async () => {
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    const small = sets([...SMALL, "latent.length=1"]);
    const made = await umbel(["run", pictures, ...small, "--target", "pictures", "--out", first]);
    expect(made.code, made.stderr).toBe(0);
    const picture = join(first, "umbel_00001_.png");
    const again = await umbel(["run", picture, "--target", "pictures", "--out", second]);
    expect(again.code, again.stderr).toBe(0);
    expect(filesOf(second)).toEqual(["umbel_00001_.png"]);
    expect(readFileSync(join(second, "umbel_00001_.png")).equals(readFileSync(picture))).toBe(true);
  });

  it("gives events as JSON, one a line, and runs only what a target needs", async () => {
    const none = join(folder, "none");
    const args = ["--target", "positive", "--json", "--out", none];
    const { code, stdout, stderr } = await umbel(["run", TEXT_TO_VIDEO, ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const events = eventsOf(stdout);
    expect(events[0]).toEqual({
      type: "job_started",
      job: "cli",
      nodes: ["text_encoder", "positive"],
      device: expect.objectContaining({ name: "cpu", precision: "f32" }),
    });
    expect(events.at(-1)).toMatchObject({
      type: "job_finished",
      nodes: [{}, { node: "positive" }],
    });
    expect(filesOf(none)).toEqual([]);
  });

  it("takes a clip from anywhere when the command line names it", async () => {
    const example = join(ROOT, "examples/video-to-video.json");
    const cwd = join(folder, "elsewhere");
    mkdirSync(join(cwd, "clips"), { recursive: true });
    copyFileSync(video, join(cwd, "clips/some.mp4"));
    const args = ["run", example, ...sets(["sampler.steps=2", "source.file=clips/some.mp4"])];
    const { code, stderr } = await umbel([...args, "--out", "made"], cwd);
    expect(code, stderr).toBe(0);
    expect(filesOf(join(cwd, "made"))).toEqual(["video-to-video_00001_.mp4"]);
  });

  it("takes what a graph names from the input folder only", async () => {
    const input = join(folder, "pool");
    mkdirSync(input);
    copyFileSync(video, join(input, "text-to-video.mp4"));
    const example = join(ROOT, "examples/video-to-video.json");
    const from = [
      "--input",
      input,
      "--out",
      out,
      "--target",
      "encode",
      ...sets(["sampler.steps=2"]),
    ];
    const found = await umbel(["run", example, ...from]);
    expect(found.code, found.stderr).toBe(0);

    const outside = graphFile(
      "outside.json",
      {
        source: { type: "LoadVideo", values: { file: video } },
        show: { type: "GetVideoComponents" },
        keep: { type: "PreviewImage" },
      },
      [
        { from: ["source", "VIDEO"], to: ["show", "video"] },
        { from: ["show", "images"], to: ["keep", "images"] },
      ],
    );
    const refused = await umbel([
      "run",
      outside,
      "--target",
      "keep",
      "--input",
      input,
      "--out",
      out,
    ]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('at node "source": Expected a name inside of the folder');
  });
});

describe("umbel run says what is wrong and exits with", () => {
  const file = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const broken = (): string => {
    const models = join(folder, "models/diffusion_models");
    mkdirSync(models, { recursive: true });
    writeFileSync(join(models, "broken.safetensors"), "not a checkpoint at all");
    return join(folder, "models");
  };
  const workflow = { nodes: [{ id: 1, type: "KSampler" }], links: [], version: 0.4 };
  const cases: [string, number, () => string[], RegExp][] = [
    ["a file that is not there", 1, () => ["nothing.json"], /read the graph nothing\.json.*ENOENT/],
    ["a clip that is none", 1, () => [file("a.mp4", "words")], /a\.mp4.*\[ERR_MEDIA\]/],
    [
      "a broken checkpoint",
      1,
      () => [TEXT_TO_VIDEO, "--models", broken(), ...sets(["model.unet_name=broken.safetensors"])],
      /at node "model": .*broken\.safetensors.*\[ERR_CHECKPOINT\]/,
    ],
    [
      "an output folder that is a file",
      1,
      () => [TEXT_TO_VIDEO, "--out", file("taken", "")],
      /Expected to write .*taken.*\[ERR_FILE\]/,
    ],
    ["a flag that does not exist", 2, () => [TEXT_TO_VIDEO, "--sett", "a.b=1"], /unknown option/],
    [
      "a device that does not exist",
      2,
      () => [TEXT_TO_VIDEO, "--device", "tpu"],
      /cpu, cuda, null/,
    ],
    ["no threads", 2, () => [TEXT_TO_VIDEO, "--threads", "0"], /Expected 1 to 1024/],
    ["no graph", 2, () => [], /missing required argument/],
    [
      "a --set without a value",
      2,
      () => [TEXT_TO_VIDEO, "--set", "steps"],
      /--set node\.param=value/,
    ],
    [
      "a --set of an unknown node",
      2,
      () => [TEXT_TO_VIDEO, ...sets(["sampla.steps=2"])],
      /got "sampla"\. Did you mean sampler\?/,
    ],
    [
      "a --set of an unknown parameter",
      2,
      () => [TEXT_TO_VIDEO, ...sets(["sampler.step=2"])],
      /Did you mean steps\?/,
    ],
    [
      "an unknown target",
      2,
      () => [TEXT_TO_VIDEO, "--target", "saver"],
      /got "saver"\. Did you mean save\?/,
    ],
    [
      "JSON that is no graph",
      3,
      () => [file("e.json", '{"prompt": "a cat"}')],
      /Expected an Umbel document.*got an object with keys prompt/,
    ],
    ["broken JSON", 3, () => [file("b.json", '{"umbel": 1,')], /as JSON.*\[ERR_DOCUMENT\]/],
    [
      "a ComfyUI workflow that cannot run",
      3,
      () => [file("c.json", JSON.stringify(workflow))],
      /error at 1\.model: Expected a link of type MODEL.*\n[^]*\[ERR_VALIDATION\]/,
    ],
    [
      "an unknown node",
      3,
      () => [graphFile("d.json", { sampler: { type: "KSamplr" } })],
      /got "KSamplr"\. The nearest is KSampler/,
    ],
    [
      "a missing model",
      3,
      () => [TEXT_TO_VIDEO, ...sets(["model.unet_name=umbel_tiny_t2v.safetensors"])],
      /not there\. Did you mean "umbel_tiny_t2v_bf16\.safetensors"/,
    ],
    [
      "a size beyond all memory",
      4,
      () => [
        TEXT_TO_VIDEO,
        ...sets(["latent.width=16384", "latent.height=16384", "latent.length=9001"]),
      ],
      /at node "latent": .*\[ERR_OUT_OF_MEMORY\]/,
    ],
  ];
  it.each(cases)("%s: %i", async (_, expected, args, words) => {
    const { code, stdout, stderr } = await umbel(["run", ...args()], folder);
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/^ +at .*:\d+:\d+/m);
    expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
  });

  it("a full disk: 1, with nothing half-written", async (context) => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=4k", "umbel-test", disk], {
        stdio: "pipe",
      });
    } catch {
      return context.skip("needs the right to mount a small file system");
    }
    try {
      const { code, stderr } = await umbel(["run", TEXT_TO_VIDEO, ...sets(SMALL), "--out", disk]);
      expect(stderr).toMatch(/at node "save": .*Free some space.*\[ERR_DISK_FULL\]/);
      expect(code).toBe(1);
      expect(filesOf(disk)).toEqual([]);
    } finally {
      execFileSync("umount", [disk]);
      rmSync(disk, { recursive: true });
    }
  });
});
