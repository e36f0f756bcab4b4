import { describe, expect, it } from "vitest";
import type { Json } from "#runtime/graph/json";
import { objectOf } from "#runtime/graph/comfy/comfy-json";
import { exportPrompt } from "#runtime/graph/comfy/export-prompt";
import { objectInfoFacts } from "#runtime/graph/comfy/object-info";
import { CLASSES, classInfo, comfyGraph, comfyNode, input, read } from "../../../helpers/comfy.ts";

const FACTS = objectInfoFacts({
  ...CLASSES,
  SaveVideo: classInfo({ video: ["VIDEO"], filename_prefix: ["STRING", { default: "video/x" }] }),
  Other: classInfo({ filename_prefix: ["STRING", { default: "" }] }),
});
const NOW = new Date(2026, 2, 7, 5, 4, 9);

function filled(prefix: string, type = "SaveVideo", choosing = true): Json | undefined {
  const named = (name: string) => ({ properties: { "Node name for S&R": name } });
  const { document } = read(
    comfyGraph([
      comfyNode(1, "Load", { values: ["dir/b.safetensors"], ...named("Load") }),
      comfyNode(2, "Sample", { values: [42, "fixed", 20, 7.5, "heun"], title: "My: sampler" }),
      comfyNode(3, "Latent", { values: [640], ...named("Size") }),
      comfyNode(4, "Latent", { values: [320, 200], ...named("Size") }),
      comfyNode(9, type, {
        values: [prefix],
        inputs: type === "SaveVideo" ? [input("video", "VIDEO")] : [],
      }),
    ]),
    FACTS,
  );
  const deciding = choosing ? { choose: () => 0, now: NOW } : undefined;
  const saver = objectOf(exportPrompt(document, FACTS, deciding)["9"]);
  return objectOf(saver["inputs"])["filename_prefix"];
}

describe("templates in names of files", () => {
  it.each([
    ["clip", "clip"],
    ["%date:yyyy-MM-dd%/a", "2026-03-07/a"],
    ["%date:yy.M.d hh-mm-ss h.m.s%", "26.3.7 05-04-09 5.4.9"],
    ["%Sample.seed%_%Sample.cfg%", "42_7.5"],
    ["%My: sampler.steps%", "20"],
    ["%Load.name%", "dir_b.safetensors"],
    // The first of two of a name, by its search name before its title.
    ["%Size.width%x%Size.height%", "640x512"],
    // What is the server's, or nobody's, stays.
    ["%width%x%height% %year%%month%", "%width%x%height% %year%%month%"],
    ["%Nobody.seed% %Sample.nothing% %a.b.c% 100%", "%Nobody.seed% %Sample.nothing% %a.b.c% 100%"],
  ])("%s becomes %s", (prefix, expected) => {
    expect(filled(prefix)).toBe(expected);
  });

  it("are filled where files are saved, when the graph is sent", () => {
    expect(filled("%Sample.seed%", "Other")).toBe("%Sample.seed%");
    expect(filled("%Sample.seed%", "SaveVideo", false)).toBe("%Sample.seed%");
  });
});
