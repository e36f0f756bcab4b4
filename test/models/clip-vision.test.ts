import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadFamilies } from "#runtime/engine/models/families";
import { ModelManager } from "#runtime/engine/models/manager";
import clipVision from "#runtime/models/clip-vision";
import { writeSafetensors, type StoredTensor } from "#runtime/weights/write";
import { headerOf } from "../helpers/model-weights.ts";
import { temporaryFolder } from "../helpers/safetensors-bytes.ts";
import { NO_SHARED, sharedDir, sharedJson, sharedPath, sharedTensors } from "../helpers/shared.ts";
import { f32 } from "../helpers/stored-tensors.ts";
import { expectNoLiveTensors, relativeError, testDevice } from "../helpers/tensors.ts";

const published = clipVision.published[0]?.config;

test("sizes come from shapes, heads from the width or what the file states", () => {
  if (published === undefined) throw new Error("Expected a published configuration.");
  const shapes = Object.fromEntries(
    clipVision.tensors(published).map(({ name, shape }) => [name, shape]),
  );
  expect(clipVision.detect(headerOf(shapes))).toEqual(published);
  const stated = headerOf(shapes, { config: '{"vision_heads": 20}' });
  expect(clipVision.detect(stated)).toMatchObject({ heads: 20 });
  expect(clipVision.detect(headerOf({ ...shapes, head: [1024] }))).toBeNull();
  expect(clipVision.detect(headerOf({ ...shapes, pos_embedding: [250, 1280] }))).toBeNull();
});

interface Source {
  readonly source: string;
  readonly rows?: readonly [number, number];
  readonly transpose?: boolean;
  readonly reshape?: readonly number[];
}

describe.skipIf(sharedDir() === null)(`reference data (${NO_SHARED})`, () => {
  const folder = "goldens/wan-i2v/clip-vision";

  /** The toy under the names of ComfyUI's file, queries, keys and values apart. */
  function renamed(): string {
    const weights = sharedTensors(`${folder}/weights.safetensors`);
    const map = sharedJson<Record<string, Source>>(`${folder}/clip_vision_h_to_original.json`);
    const tensors = new Map<string, StoredTensor>();
    for (const [name, { source, rows, transpose, reshape }] of Object.entries(map)) {
      const { shape, values } = weights.get(source);
      const [count, width] = [shape[0] ?? 1, shape.slice(1).reduce((a, b) => a * b, 1)];
      if (transpose === true) {
        const turned = values.map((_, i) => values[(i % count) * width + Math.floor(i / count)]!);
        tensors.set(name, f32(turned, [width, count]));
      } else if (rows !== undefined) {
        const part = values.slice(rows[0] * width, rows[1] * width);
        tensors.set(name, f32(part, [rows[1] - rows[0], ...shape.slice(1)]));
      } else tensors.set(name, f32(values, reshape ?? shape));
    }
    const path = join(temporaryFolder(), "clip_vision_h.safetensors");
    writeSafetensors(path, tensors, weights.metadata);
    return path;
  }

  test("both namings see the same in a picture", async () => {
    const device = testDevice();
    const manager = new ModelManager({ device, families: await loadFamilies() });
    const io = sharedTensors(`${folder}/io_comfyui.safetensors`);
    const [, ...shape] = io.get("pixel_values").shape;
    for (const path of [sharedPath(`${folder}/weights.safetensors`), renamed()]) {
      const checkpoint = manager.identify(path, "clip-vision");
      using lease = await manager.clipVision({ kind: "clip-vision", checkpoint });
      expect(lease.warnings).toEqual([]);
      using pixels = device.tensor(io.get("pixel_values").values, shape);
      const { penultimate, embedding } = lease.instance.forward(pixels);
      using rows = penultimate;
      using token = embedding;
      expect(relativeError(await rows.read(), io.get("penultimate").values)).toBeLessThan(1e-4);
      expect(relativeError(await token.read(), io.get("image_embeds").values)).toBeLessThan(1e-4);
    }
    manager.release();
    await expectNoLiveTensors();
  });
});
