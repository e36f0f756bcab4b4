import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { BLOCK_FORMATS, type BlockFormat } from "#runtime/tensor/block-format";
import { cast, dequantize } from "#runtime/tensor/ops";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { NO_SHARED, sharedDir, sharedPath, sharedTensors } from "../helpers/shared.ts";
import { evaluate } from "./evaluate.ts";
import { onEveryIsa, sameForAnyThreads } from "./harness.ts";

function format(name: string): BlockFormat {
  const found = BLOCK_FORMATS.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`Expected a format ${name}.`);
  return found;
}

/** Bytes of blocks whose scales are ordinary halves, wherever a format has them. */
function blocks({ bytes }: BlockFormat, count: number): Uint8Array {
  return Uint8Array.from({ length: bytes * count }, (_, i) => (i * 89 + (i >> 3) * 5) & 0x37);
}

const folder = "goldens/gguf/quants";
const present = sharedDir() !== null && existsSync(sharedPath(folder));

onEveryIsa((device) => {
  test("halves of bytes are elements 16 apart", async () => {
    // Scale 2; byte j holds j and 15 - j.
    const block = [0, 0x40, ...Array.from({ length: 16 }, (_, j) => j | ((15 - j) << 4))];
    const values = await evaluate(() =>
      dequantize(device.tensor(Uint8Array.from(block), [18]), format("Q4_0"), [32]),
    );
    const expected = Array.from({ length: 16 }, (_, j) => [2 * (j - 8), 2 * (7 - j)]);
    expect([...values]).toEqual([
      ...expected.map(([low]) => low),
      ...expected.map(([, high]) => high),
    ]);
  });

  test("a block of 256 has a scale and a minimum for each 32", async () => {
    // d 1, dmin 0.5, scales 1 to 4 and 5 to 8 in six bits, minima twice that, codes all 3.
    const scales = [1, 2, 3, 4, 2, 4, 6, 8, 0xa5, 0xc6, 0xe7, 0x08];
    scales[3] = 4;
    scales[7] = 8 | 0x40;
    const block = [0, 0x3c, 0, 0x38, ...scales, ...Array.from({ length: 128 }, () => 0x33)];
    const values = await evaluate(() =>
      dequantize(device.tensor(Uint8Array.from(block), [144]), format("Q4_K"), [256]),
    );
    const wanted = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((scale) => {
      const minimum = scale === 8 ? 16 : 2 * scale;
      return Array.from({ length: 32 }, () => 3 * scale - 0.5 * minimum);
    });
    expect([...values]).toEqual(wanted);
  });

  test("results can be stored in another type", async () => {
    const stored = Uint8Array.from([0x01, 0x3c, ...Array.from({ length: 32 }, (_, i) => i)]);
    const [narrow, wide] = [
      await evaluate(() => dequantize(device.tensor(stored, [34]), format("Q8_0"), [32], "bf16")),
      await evaluate(() =>
        cast(dequantize(device.tensor(stored, [34]), format("Q8_0"), [32]), "bf16"),
      ),
    ];
    expect([...narrow]).toEqual([...wide]);
  });

  test.each(BLOCK_FORMATS)("$name: no blocks, and bytes that are no whole blocks", async (type) => {
    const none = await evaluate(() =>
      dequantize(device.tensor(new Uint8Array(0), [0]), type, [0, type.elements]),
    );
    expect(none.length).toBe(0);
    const wrong = device.tensor(new Uint8Array(type.bytes + 1), [type.bytes + 1]);
    expect(() => dequantize(wrong, type, [type.elements])).toThrow(/to be \d+ bytes of/);
    wrong[Symbol.dispose]();
  });

  describe.skipIf(!present)(`reference data (${NO_SHARED})`, () => {
    test.each(BLOCK_FORMATS)("$name bit for bit", async ({ name }) => {
      const golden = sharedTensors(`${folder}/${name}.safetensors`);
      using file = openCheckpoint(sharedPath(`${folder}/${name}.gguf`));
      for (const [tensor, { values }] of golden.tensors) {
        const found = await evaluate(() => file.tensor(tensor, device));
        const bits = (array: Float32Array) =>
          Array.from(new Uint32Array(Float32Array.from(array).buffer), (word, i) =>
            Number.isNaN(array[i]) ? "nan" : word,
          );
        expect(bits(found), tensor).toEqual(bits(values));
      }
    });
  });
});

sameForAnyThreads("bytes do not depend on the number of threads", (device) => {
  const type = format("Q6_K");
  const data = blocks(type, 999);
  return dequantize(device.tensor(data, [data.length]), type, [999, 256]);
});
