import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writePng } from "#runtime/media/pictures";
import { scratchFolder, TEXT_TO_VIDEO, umbel } from "../../helpers/umbel-process.ts";
import { CLASSES, comfyGraph, comfyNode, input, output } from "../../helpers/comfy.ts";

const folder = scratchFolder();
const path = (name: string): string => join(folder, name);

/** An unknown loader and one of our latents. */
const GRAPH = comfyGraph(
  [
    comfyNode(1, "Load", { values: ["b.safetensors"], outputs: [output("MODEL", [1])] }),
    comfyNode(2, "Patch", {
      values: [2],
      inputs: [input("model", "MODEL", 1), input("other", "MODEL")],
      outputs: [output("MODEL")],
    }),
    comfyNode(3, "EmptyHunyuanLatentVideo", { values: [64, 32, 5, 1] }),
  ],
  [[1, 1, 0, 2, 0, "MODEL"]],
);
const graph = path("workflow.json");
writeFileSync(graph, JSON.stringify(GRAPH));
const info = path("object_info.json");
writeFileSync(info, JSON.stringify(CLASSES));

describe("umbel convert", () => {
  it("takes a graph to our form and back, equal", async () => {
    const there = await umbel(["convert", graph, "--to", "umbel", "--out", path("ours.json")]);
    expect(there).toMatchObject({ code: 0, stdout: "" });
    expect(there.stderr).toContain('warning at 1: The node type "Load" is not known here');
    const back = await umbel(["convert", path("ours.json"), "--to", "graph"]);
    expect(JSON.parse(back.stdout)).toEqual(GRAPH);
    expect(back.stderr).toBe("");
  });

  it("names the values of classes that a file describes", async () => {
    const { stdout, stderr } = await umbel([
      "convert",
      graph,
      "--to",
      "api",
      "--object-info",
      info,
    ]);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({
      1: { class_type: "Load", inputs: { name: "b.safetensors" } },
      2: { inputs: { scale: 2, model: ["1", 0] } },
      3: { inputs: { width: 64, height: 32, length: 5, batch_size: 1 } },
    });
  });

  it("opens the graph that a picture carries, before the prompt that ran", async () => {
    const picture = path("result.png");
    const data = new Float32Array(12);
    await writePng(picture, { data, count: 1, width: 2, height: 2, channels: 3 }, 0, {
      prompt: '{"7": {"class_type": "Load", "inputs": {}}}',
      workflow: JSON.stringify(GRAPH),
    });
    const { stdout } = await umbel(["convert", picture, "--to", "graph"]);
    expect(JSON.parse(stdout)).toEqual(GRAPH);
  });

  it("turns our own graphs into both forms of ComfyUI", async () => {
    const api = await umbel(["convert", TEXT_TO_VIDEO, "--to", "api"]);
    const prompt = JSON.parse(api.stdout);
    expect(prompt.sampler.class_type).toBe("KSampler");
    await umbel(["convert", TEXT_TO_VIDEO, "--to", "graph", "--out", path("out.json")]);
    expect(JSON.parse(readFileSync(path("out.json"), "utf8")).version).toBe(0.4);
    const again = await umbel(["convert", path("out.json"), "--to", "api"]);
    expect(JSON.parse(again.stdout)).toEqual(prompt);
  });

  it.each([
    [["convert", "none.json", "--to", "api"], 1, "ENOENT"],
    [["convert", graph, "--to", "api", "--object-info", "none.json"], 1, "ENOENT"],
    [["convert", graph, "--to", "xml"], 2, "Allowed choices are umbel, graph, api"],
    [["convert", graph], 2, "--to <form>"],
    [["convert", graph, "--to", "api", "--out", join(folder, "no", "file")], 1, "ENOENT"],
  ])("%j: %i", async (args, code, message) => {
    const outcome = await umbel(args);
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toContain(message);
  });
});

describe("other commands", () => {
  it("validate opens ComfyUI's files and lists what is not known", async () => {
    const { code, stdout } = await umbel(["validate", graph]);
    expect(code).toBe(3);
    expect(stdout).toContain('error at 1: Expected a node type that is installed, got "Load"');
    expect(stdout).toContain("read from ComfyUI, warning at 1: Its 1 value(s) have no names");
    const json = await umbel(["validate", graph, "--json"]);
    expect(JSON.parse(json.stdout).imported).toContainEqual({
      node: "2",
      severity: "warning",
      reason: 'The node type "Patch" is not known here: it is kept as it is.',
    });
  });
});
