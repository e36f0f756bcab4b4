/**
 * GGUF files: every format of blocks bit for bit, broken files refused, odd ones read, and models in them against outputs
 * that were computed with their dequantised weights.
 */
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { readGgufHeader } from "#runtime/weights/gguf";
import type { GgufArray, GgufScalar } from "#runtime/weights/gguf-keys";
import { isUmbelError } from "#runtime/errors";
import type { TensorFile } from "#runtime/weights/tensor-file";
import type { Bench, Check } from "../check.ts";
import type { Cases } from "../cases.ts";
import { differing } from "../compare.ts";
import type { Folder } from "../folder.ts";
import { readGolden, type GoldenFile } from "../golden-file.ts";

const ELEMENTS = { name: "elements that differ", bound: 0 };

/** TYPE.gguf beside TYPE.safetensors with the values in float32. */
export const ggufQuants: Check = {
  name: "quants",
  computes: true,
  recognises: (folder) => pairs(folder).length > 0,

  async run(folder, bench, cases) {
    for (const name of pairs(folder)) {
      const golden = await cases.prepare(name, () =>
        readGolden(folder.file(`${name}.safetensors`)),
      );
      const file = await cases.prepare(name, () => openCheckpoint(folder.file(`${name}.gguf`)));
      if (golden === null || file === null) continue;
      await cases.measure(`${name} tensors`, { name: "differing names", bound: 0 }, () =>
        differing([...file.tensors.keys()].toSorted(), golden.names.toSorted()),
      );
      for (const tensor of golden.names) {
        await cases.measure(`${name} ${tensor}`, ELEMENTS, () =>
          differingValues(bench, file, tensor, golden, tensor),
        );
      }
      file[Symbol.dispose]();
    }
  },
};

function pairs(folder: Folder): string[] {
  return folder.files
    .filter((file) => file.endsWith(".gguf"))
    .map((file) => file.slice(0, -".gguf".length))
    .filter((name) => folder.has(`${name}.safetensors`));
}

/** Elements whose bits differ; nan is equal to nan. A GPU that flushes denormals is not at fault. */
async function differingValues(
  { device }: Bench,
  file: TensorFile,
  name: string,
  golden: GoldenFile,
  wanted: string,
): Promise<number> {
  const { shape, values } = golden.get(wanted);
  using tensor = file.tensor(name, device);
  if (tensor.shape.join() !== shape.join()) return Infinity;
  const found = await tensor.read();
  const [a, b] = [bitsOf(found), bitsOf(values)];
  let count = 0;
  for (let i = 0; i < b.length; i++) {
    const bothNan = Number.isNaN(found[i]) && Number.isNaN(values[i]);
    if (a[i] !== b[i] && !bothNan) count++;
  }
  return count;
}

function bitsOf({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}

interface Listed {
  readonly files: readonly {
    readonly file: string;
    readonly what: string;
    readonly tensors?: Readonly<Record<string, string>>;
    readonly kv?: Readonly<Record<string, unknown>>;
  }[];
}

function listed(folder: Folder): Listed["files"] {
  const json = folder.json("list.json") as Partial<Listed>;
  return (json.files ?? []).filter(({ file }) => file.endsWith(".gguf"));
}

/** Every file of list.json is refused with words. */
export const ggufMalformed: Check = {
  name: "malformed",
  computes: false,
  recognises: (folder) =>
    folder.has("list.json") && listed(folder).some((entry) => entry.tensors === undefined),

  async run(folder, _bench, cases) {
    for (const { file, what } of (await cases.prepare("list.json", () => listed(folder))) ?? []) {
      const metric = { name: "read in spite of it", bound: 0 };
      await cases.measure(`${file}: ${what}`, metric, () => {
        try {
          openCheckpoint(folder.file(file))[Symbol.dispose]();
          return 1;
        } catch (error) {
          if (isUmbelError(error) && /Expected .+, got/s.test(error.message)) return 0;
          throw error;
        }
      });
    }
  },
};

/** Every file of list.json is read: its tensors, and its keys where they are listed. */
export const ggufValid: Check = {
  name: "valid",
  computes: true,
  recognises: (folder) =>
    folder.has("list.json") && listed(folder).some((entry) => entry.tensors !== undefined),

  async run(folder, bench, cases) {
    const golden = await cases.prepare("expected.safetensors", () =>
      readGolden(folder.file("expected.safetensors")),
    );
    const files = await cases.prepare("list.json", () => listed(folder));
    if (golden === null || files === null) return;
    for (const { file, tensors = {}, kv } of files) {
      const opened = await cases.prepare(file, () => openCheckpoint(folder.file(file)));
      if (opened === null) continue;
      await cases.measure(`${file} tensors`, { name: "differing names", bound: 0 }, () =>
        differing([...opened.tensors.keys()].toSorted(), Object.keys(tensors).toSorted()),
      );
      for (const [name, wanted] of Object.entries(tensors)) {
        await cases.measure(`${file} ${name.slice(0, 20)}`, ELEMENTS, () =>
          golden.has(wanted)
            ? differingValues(bench, opened, name, golden, wanted)
            : (opened.tensors.get(name)?.bytes ?? Infinity),
        );
      }
      opened[Symbol.dispose]();
      if (kv !== undefined) await checkKeys(folder.file(file), file, kv, cases);
    }
  },
};

/** 64-bit integers stand as text in the list. */
export async function checkKeys(
  path: string,
  title: string,
  expected: Readonly<Record<string, unknown>>,
  cases: Cases,
): Promise<void> {
  await cases.measure(`${title} keys`, { name: "keys that differ", bound: 0 }, () => {
    const { keys } = readGgufHeader(path);
    return Object.entries(expected).filter(
      ([key, value]) => JSON.stringify(keyAsJson(keys.get(key)?.value)) !== JSON.stringify(value),
    ).length;
  });
}

function keyAsJson(value: GgufScalar | GgufArray | undefined): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object") return value;
  return Array.from<GgufScalar | GgufArray>(value.values).map(keyAsJson);
}
