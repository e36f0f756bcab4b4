import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openGraphBytes } from "#runtime/engine/open-graph";
import { descriptionFacts } from "#runtime/graph/comfy/description-facts";

const damaged = join(import.meta.dirname, "../../fixtures/media/endless-search.webm");

test("a damaged clip whose search would go to and fro for ever is refused", async () => {
  const bytes = new Uint8Array(readFileSync(damaged));
  await expect(openGraphBytes("clip.webm", bytes, descriptionFacts(new Map()))).rejects.toThrow(
    /Expected a whole video in clip\.webm, got a damaged one/,
  );
});
