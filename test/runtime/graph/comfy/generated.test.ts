/**
 * Graphs that no sample file holds: random ones, written in all the ways of ComfyUI's versions, have to mean in our hands
 * what graphToPrompt's rules make of them, at once and after a trip through our document, and go out as they came.
 */
import { describe, expect, it } from "vitest";
import { sameJson } from "#runtime/graph/comfy/comfy-json";
import { objectInfoFacts } from "#runtime/graph/comfy/object-info";
import { Random } from "../../../../scripts/fuzz/random.ts";
import { expectedPrompt, GraphMaker } from "../../../helpers/abstract-graph.ts";
import { again, inputsOf, promptOf, read } from "../../../helpers/comfy.ts";
import { FileWriter } from "../../../helpers/graph-file.ts";
import { INFO } from "../../../helpers/graph-specs.ts";

const FACTS = objectInfoFacts(INFO);
const COUNT = Number(process.env["UMBEL_GRAPHS"] ?? 150);
const FIRST = Number(process.env["UMBEL_SEED"] ?? 1);

function make(seed: number) {
  const random = new Random(seed);
  const maker = new GraphMaker(random);
  const root = maker.root();
  const file = new FileWriter(random, maker.definitions).write(root);
  return { file, expected: expectedPrompt(root) };
}

describe("generated graphs", () => {
  it(
    "mean what they say, directly and after a trip, and go out equal",
    { timeout: 120_000 },
    () => {
      let nodes = 0;
      let nested = 0;
      for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
        const { file, expected } = make(seed);
        const words = `seed ${seed}`;
        for (const [found, meant] of [
          [inputsOf(read(file, FACTS).document, FACTS), expected],
          [promptOf(file, FACTS), expected],
          [again(file, FACTS), file],
        ] as const) {
          // The other way of comparing is slow, but shows where.
          if (!sameJson(found, meant)) expect(found, words).toEqual(meant);
        }
        nodes += Object.keys(expected).length;
        nested += Object.keys(expected).filter((id) => id.split(":").length > 3).length;
      }
      expect(nodes / COUNT).toBeGreaterThan(3);
      expect(nested).toBeGreaterThan(COUNT / 10);
    },
  );
});
