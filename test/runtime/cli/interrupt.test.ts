import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
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

interface Interrupted extends Outcome {
  readonly milliseconds: number;
  readonly files: readonly string[];
}

/** Starts a long run, waits until a node is at work, sends signals and says how long the process lived on. */
async function interrupt(
  assignments: readonly string[],
  { node, wait, signals }: { node: string; wait: number; signals: readonly NodeJS.Signals[] },
): Promise<Interrupted> {
  const out = join(folder, `${node}-${signals.length}`);
  const run = startUmbel(["run", TEXT_TO_VIDEO, ...sets(assignments), "--json", "--out", out]);
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

  it("kills at the second time", { retry: 2, timeout: 60_000 }, async () => {
    const signals = ["SIGINT", "SIGTERM"] as const;
    const result = await interrupt(LARGE, { node: "sampler", wait: 2000, signals });
    expect(result).toMatchObject({ code: null, signal: "SIGKILL", files: [] });
    expect(result.milliseconds).toBeLessThan(1000);
  });
});
