import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BUNDLED_MODELS } from "#runtime/engine/locations";
import { coloursPath, readLatentColours } from "#runtime/weights/latent-colours";
import { temporaryFolder } from "../../helpers/safetensors-bytes.ts";

const model = join(temporaryFolder(), "model.safetensors");

test("a model's own colours lie beside it, and are read when they fit", () => {
  expect(readLatentColours(model, 1)).toBe(null);
  const colours = { rgb: [[1, 0, 0.5]], rgbBias: [0, 0, 0] };
  writeFileSync(coloursPath(model), JSON.stringify(colours));
  expect(readLatentColours(model, 1)).toEqual(colours);
});

test.each(["", "{", "[]", '{"rgb":[[1,2]],"rgbBias":[0,0,0]}', '{"rgb":[],"rgbBias":[0,0,0]}'])(
  "%j are no colours",
  (text) => {
    writeFileSync(coloursPath(model), text);
    expect(() => readLatentColours(model, 1)).toThrow(/^Expected rgb, 1 rows of three numbers/);
  },
);

test("the bundled model has its own", () => {
  const path = join(BUNDLED_MODELS, "diffusion_models", "umbel_tiny_t2v_bf16.safetensors");
  expect(readLatentColours(path, 16)?.first?.rgb).toHaveLength(16);
});
