import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { Engine, isUmbelError, readDocument, type JobEvent } from "#runtime/library";
import { filesOf, ROOT, scratchFolder, TEXT_TO_VIDEO } from "../helpers/umbel-process.ts";

/** Event type -> its fields as docs/command-line.md has them. */
function documentedEvents(): Map<string, string> {
  const page = readFileSync(join(ROOT, "docs/command-line.md"), "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)` +\| (.+?) *\|$/gm)];
  return new Map(rows.map(([, type = "", fields = ""]) => [type, fields]));
}

describe("the library", () => {
  it("runs the example of its page, imported by the package's name", async () => {
    const page = readFileSync(join(ROOT, "docs/library.md"), "utf8");
    const example = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    const folder = scratchFolder();
    const code = example.replace('"output"', JSON.stringify(folder));
    expect(code).not.toBe(example);
    const args = ["--input-type=module", "--eval", code];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
    expect(stderr).toBe("");
    const lines = stdout.trim().split("\n");
    expect(lines).toContain("sampler 2/2");
    expect(lines.at(-1)).toBe(`video ${join(folder, "text-to-video_00001_.mp4")}`);
    expect(filesOf(folder)).toEqual(["text-to-video_00001_.mp4"]);
  });

  it("keeps what did not change, ends by signal, and refuses after its end", async () => {
    const graph = await readDocument(TEXT_TO_VIDEO);
    const engine = await Engine.open({ device: "null", outputFolder: scratchFolder() });
    expect(engine.nodes.get("KSampler")?.outputs).toHaveLength(1);
    expect(engine.validate(graph)).toEqual([]);
    const events: JobEvent[] = [];
    const targets = ["positive", "shift"];
    const first = await engine.run(graph, { targets, onEvent: (event) => events.push(event) });
    expect(first.nodes.map(({ cached }) => cached)).not.toContain(true);
    expect(events.at(-1)?.type).toBe("job_finished");
    const documented = documentedEvents();
    for (const { type, ...fields } of events) {
      for (const field of Object.keys(fields))
        expect(documented.get(type), type).toMatch(new RegExp(`\\b${field}\\b`));
    }
    const second = await engine.run(graph, { targets });
    expect(second.nodes.map(({ cached }) => cached)).not.toContain(false);

    const ending = AbortSignal.abort();
    await expect(engine.run(graph, { signal: ending })).rejects.toMatchObject({
      code: "ERR_INTERRUPTED",
    });
    await expect(engine.run(graph, { targets: ["none"] })).rejects.toSatisfy(isUmbelError);
    expect((await engine.plan(graph)).flops).toBeGreaterThan(0);
    await engine.close();
    await engine.close();
    await expect(engine.run(graph)).rejects.toMatchObject({ code: "ERR_DISPOSED" });
  });
});
