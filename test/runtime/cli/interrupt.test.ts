import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { writePng } from "#runtime/media/pictures";
import { randomArray } from "../../helpers/tensors.ts";
import {
  filesOf,
  LARGE,
  scratchFolder,
  sets,
  startUmbel,
  TEXT_TO_VIDEO,
  type Outcome,
} from "../../helpers/umbel-process.ts";

const folder = scratchFolder();
let runs = 0;

interface Interrupted extends Outcome {
  readonly milliseconds: number;
  readonly files: readonly string[];
}

/** Starts a long run, waits until a node is at work, sends signals and says how long the process lived on. */
async function interrupt(
  assignments: readonly string[],
  { node, wait, signals }: { node: string; wait: number; signals: readonly NodeJS.Signals[] },
  graph = TEXT_TO_VIDEO,
): Promise<Interrupted> {
  const out = join(folder, `run-${runs++}`);
  const run = startUmbel(["run", graph, ...sets(assignments), "--json", "--out", out]);
  await run.printed(new RegExp(`"node_started","job":"cli","node":"${node}"`));
  await sleep(wait);
  const begin = performance.now();
  for (const signal of signals) run.kill(signal);
  const outcome = await run.ended;
  return { ...outcome, milliseconds: performance.now() - begin, files: filesOf(out) };
}

describe("Ctrl-C", () => {
  it.each([
    ["sampler", 2000, LARGE],
    [
      "decode",
      1000,
      [
        "sampler.steps=1",
        "sampler.cfg=1",
        "latent.width=512",
        "latent.height=512",
        "latent.length=9",
      ],
    ],
  ])(
    "ends a run inside of %s within a second, with code 130 and no file",
    { retry: 2, timeout: 60_000 },
    async (node, wait, size) => {
      const result = await interrupt(size, { node, wait, signals: ["SIGINT"] });
      expect(result).toMatchObject({ code: 130, signal: null, files: [] });
      expect(result.stderr).toContain("[ERR_INTERRUPTED]");
      expect(result.stdout.trimEnd().split("\n").at(-1)).toBe(
        '{"type":"job_cancelled","job":"cli"}',
      );
      expect(result.milliseconds).toBeLessThan(1000);
    },
  );

  it("does not wait for an encoder", { retry: 2, timeout: 60_000 }, async () => {
    // Noise of this size takes the encoder many seconds on any machine.
    const size = 4096;
    const data = randomArray(size * size * 3, 1, 0.5).map((value) => value + 0.5);
    const frames = { data, count: 1, height: size, width: size, channels: 3 } as const;
    await writePng(join(folder, "noise.png"), frames, 0, {});
    const graph = join(folder, "animation.json");
    const document = {
      umbel: 1,
      nodes: {
        image: { type: "LoadImage" },
        save: { type: "SaveAnimatedWEBP", values: { method: "slowest" } },
      },
      links: [{ from: ["image", "IMAGE"], to: ["save", "images"] }],
    };
    writeFileSync(graph, JSON.stringify(document));
    const values = [`image.image=${join(folder, "noise.png")}`];
    const result = await interrupt(values, { node: "save", wait: 800, signals: ["SIGINT"] }, graph);
    expect(result).toMatchObject({ code: null, signal: "SIGINT", files: [] });
    expect(result.milliseconds).toBeLessThan(1000);
  });

  it("kills at the second time", { retry: 2, timeout: 60_000 }, async () => {
    const signals = ["SIGINT", "SIGTERM"] as const;
    const result = await interrupt(LARGE, { node: "sampler", wait: 2000, signals });
    expect(result).toMatchObject({ code: null, signal: "SIGKILL", files: [] });
    expect(result.milliseconds).toBeLessThan(1000);
  });
});
