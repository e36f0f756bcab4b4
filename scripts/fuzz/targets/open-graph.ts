import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadNodes } from "#runtime/engine/node-registry";
import { NODE_FOLDER, PACKAGE_ROOT } from "#runtime/engine/locations";
import { openGraphBytes } from "#runtime/engine/open-graph";
import { descriptionFacts } from "#runtime/graph/comfy/description-facts";
import { formatDocument } from "#runtime/graph/comfy/format-document";
import { parseDocument } from "#runtime/graph/document";
import { mutateBytes } from "../mutate-bytes.ts";
import { mutateJson } from "../mutate-json.ts";
import type { ScratchFolder } from "../scratch-file.ts";
import type { FuzzTarget } from "../target.ts";
import { mediaSeeds } from "./media.ts";

/** Opens what is dropped on a window, of any kind, and writes it in every form. */
export async function openGraphTarget(scratch: ScratchFolder): Promise<FuzzTarget> {
  const { descriptions } = await loadNodes([NODE_FOLDER]);
  const facts = descriptionFacts(descriptions);
  const example = readFileSync(join(PACKAGE_ROOT, "examples", "text-to-video.json"), "utf8");
  const document = parseDocument(example);
  const media = (await mediaSeeds(scratch)).map(({ bytes }) => Buffer.from(bytes));
  const texts = [
    example,
    ...(["graph", "api"] as const).map((form) => formatDocument(document, form, facts)),
  ];
  const valid = [...media, ...texts.map((text) => Buffer.from(text))];
  return {
    name: "open-graph",
    share: 2,
    valid,
    mutate: (random) =>
      random.chance(0.5)
        ? Buffer.from(mutateJson(random.pick(texts), random))
        : mutateBytes(random.pick(valid), random, valid),
    run: async (input) => {
      const opened = await openGraphBytes("case", input, facts);
      for (const form of ["umbel", "graph", "api"] as const)
        formatDocument(opened.document, form, facts);
    },
  };
}
