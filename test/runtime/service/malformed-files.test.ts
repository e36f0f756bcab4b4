import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ERROR_CODES } from "#runtime/errors";
import { Random } from "../../../scripts/fuzz/random.ts";
import { ScratchFolder } from "../../../scripts/fuzz/scratch-file.ts";
import { openGraphTarget } from "../../../scripts/fuzz/targets/open-graph.ts";
import { fakeService } from "../../helpers/fake-service.ts";
import { TEXT_TO_VIDEO } from "../../helpers/umbel-process.ts";

it("500 malformed files that are opened break nothing: each is opened or refused in words", async () => {
  using scratch = new ScratchFolder();
  const target = await openGraphTarget(scratch);
  const fake = await fakeService();
  const random = new Random(5);
  const refused = new Set<string>();
  for (let i = 0; i < 500; i++) {
    const name = `case-${i}.${random.pick(["json", "png", "webp", "mp4", "webm", "umbel"])}`;
    const data = Uint8Array.from(target.mutate(random));
    const answer = await fake.service.call("graph.open", { name, data });
    if (answer.ok) continue;
    refused.add(answer.error.code);
    expect(answer.error.message).not.toBe("");
  }
  expect(refused.size).toBeGreaterThan(0);
  expect(refused).not.toContain("ERR_INTERNAL");
  for (const code of refused) expect(ERROR_CODES).toContain(code);

  const text = readFileSync(TEXT_TO_VIDEO);
  const opened = await fake.call("graph.open", {
    name: "intact.json",
    data: Uint8Array.from(text),
  });
  expect(Object.keys(opened.document.nodes)).toContain("sampler");
}, 120_000);
