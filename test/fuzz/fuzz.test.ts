/** A part of `npm run fuzz`: damaged inputs end in success or a coded error, soon, and leave nothing behind. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTargets, type Targets } from "../../scripts/fuzz/all-targets.ts";
import { caseInput, fuzzTarget } from "../../scripts/fuzz/campaign.ts";

const CASES = 2200;
const GROWTH_LIMIT = 64 * 2 ** 20;

let targets: Targets;
beforeAll(async () => {
  targets = await openTargets();
});
afterAll(async () => {
  await targets[Symbol.asyncDispose]();
  const { liveTensors, allocatedBytes } = targets.device.memory();
  expect([liveTensors, allocatedBytes]).toEqual([0, 0]);
});
const target = (name: string) => {
  const found = targets.list.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`Expected a target ${name}.`);
  return found;
};

describe.each([
  "checkpoint",
  "sharded-index",
  "gguf",
  "lora",
  "document",
  "tokenizer",
  "media",
  "open-graph",
  "server",
])("%s", (name) => {
  it("reads undamaged inputs", async () => {
    for (const input of target(name).valid) await target(name).run(input);
  });

  it("survives damaged ones", { timeout: 60_000 }, async () => {
    const shares = targets.list.reduce((sum, { share }) => sum + share, 0);
    const count = Math.round((CASES * target(name).share) / shares);
    const cases = Array.from({ length: count }, (_, i) => i);
    const result = await fuzzTarget(target(name), cases, 1);
    expect(result.failures.map(({ number, problem }) => `${name}:${number} ${problem}`)).toEqual(
      [],
    );
    expect(result.growth).toBeLessThan(GROWTH_LIMIT);
    // The damage is neither harmless nor so great that only the first check sees it.
    const refused = Object.values(result.codes).reduce((sum, cases) => sum + cases, 0);
    expect(refused).toBeGreaterThan(count / 10);
    expect(refused + result.accepted).toBe(count);
  });
});

describe("the campaign", () => {
  it("makes the same case for the same seed and number", () => {
    const once = caseInput(target("lora"), 5, 17);
    expect(caseInput(target("lora"), 5, 17)).toEqual(once);
    expect(caseInput(target("lora"), 6, 17)).not.toEqual(once);
  });

  it("reports foreign errors as failures", async () => {
    const input = new Uint8Array();
    const broken = { name: "broken", share: 1, valid: [], mutate: () => input };
    const outcome = async (run: () => void | Promise<void>) =>
      (await fuzzTarget({ ...broken, run }, [3], 1)).failures.map(({ problem }) => problem);
    expect(await outcome(() => {})).toEqual([]);
    expect(await outcome(() => Promise.reject(new TypeError("x is undefined")))).toEqual([
      expect.stringContaining("x is undefined"),
    ]);
  });
});
