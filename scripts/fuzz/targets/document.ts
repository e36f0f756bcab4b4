import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadNodes } from "#runtime/engine/node-registry";
import { NODE_FOLDER, PACKAGE_ROOT } from "#runtime/engine/locations";
import { UmbelError } from "#runtime/errors";
import { parseDocument } from "#runtime/graph/document";
import { hasErrors } from "#runtime/graph/problems";
import { serializeDocument } from "#runtime/graph/serialize";
import { validateDocument } from "#runtime/graph/validate";
import { mutateBytes } from "../mutate-bytes.ts";
import { mutateJson } from "../mutate-json.ts";
import type { FuzzTarget } from "../target.ts";

/** Parses, validates and writes graphs; the examples are the seeds. */
export async function documentTarget(): Promise<FuzzTarget> {
  const { descriptions } = await loadNodes([NODE_FOLDER]);
  const folder = join(PACKAGE_ROOT, "examples");
  const valid = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .map((name) => readFileSync(join(folder, name)));
  return {
    name: "document",
    share: 4,
    valid,
    mutate: (random) => {
      const seed = random.pick(valid);
      return random.chance(0.75)
        ? Buffer.from(mutateJson(seed.toString("utf8"), random))
        : mutateBytes(seed, random, valid);
    },
    run: (input) => {
      const document = parseDocument(Buffer.from(input).toString("utf8"));
      const { problems } = validateDocument(document, descriptions, () => null);
      parseDocument(serializeDocument(document));
      if (hasErrors(problems)) {
        throw new UmbelError(
          "ERR_VALIDATION",
          `Expected a graph that can run, got ${problems.length} problems.`,
        );
      }
    },
  };
}
