/**
 * Models in GGUF files: FILE.gguf beside FILE.json (keys, tensors, places, sums), inputs in io.safetensors, and in
 * expected.safetensors what the dequantised weights give, "FILE" or "FILE+lora@STRENGTH".
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { tokenizerBytes } from "#runtime/engine/models/tokenizer-bytes";
import { detectModel } from "#runtime/engine/models/detect";
import type { LoraRef } from "#runtime/sdk/values";
import { SentencePiece } from "#runtime/text/sentencepiece";
import { openCheckpoint } from "#runtime/weights/checkpoint";
import { readGgufHeader } from "#runtime/weights/gguf";
import type { Bench, Check } from "../check.ts";
import type { Cases } from "../cases.ts";
import { differing, relativeError } from "../compare.ts";
import type { Folder } from "../folder.ts";
import { item, readGolden, type GoldenFile } from "../golden-file.ts";
import { withDiffusion, withTextEncoder } from "../models.ts";
import { batchOf, predict } from "../wan-inputs.ts";
import { checkKeys } from "./gguf.ts";

const EXPECTED = "expected.safetensors";
const IO = "io.safetensors";
/** The tokenizer that a file with one holds, and texts with their ids. */
const TEXTS = "wan/sentencepiece/cases.json";

export const ggufModels: Check = {
  name: "gguf-models",
  computes: true,
  recognises: (folder) =>
    folder.has(EXPECTED) && folder.has(IO) && folder.files.some((file) => file.endsWith(".gguf")),

  async run(folder, bench, cases) {
    const expected = await cases.prepare(EXPECTED, () => readGolden(folder.file(EXPECTED)));
    const inputs = await cases.prepare(IO, () => readGolden(folder.file(IO)));
    if (expected === null || inputs === null) return;
    for (const file of folder.files.filter((name) => name.endsWith(".gguf"))) {
      await checkListed(folder, file, bench, cases);
    }
    const run = { folder, bench, cases, inputs, expected };
    for (const key of expected.names) {
      await (inputs.has("input_ids") ? runEncoder(run, key) : runTransformer(run, key));
    }
    if (inputs.has("input_ids")) await checkText(folder, bench, cases);
  },
};

interface Run {
  readonly folder: Folder;
  readonly bench: Bench;
  readonly cases: Cases;
  readonly inputs: GoldenFile;
  readonly expected: GoldenFile;
}

interface TextCase {
  readonly text: string;
  readonly ids: readonly number[];
}

interface ListedTensor {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly file_offset: number;
  readonly bytes: number;
  readonly sum: number;
  readonly l2: number;
  readonly first: readonly number[];
}

async function checkListed(
  folder: Folder,
  file: string,
  { device }: Bench,
  cases: Cases,
): Promise<void> {
  const list = file.replace(/\.gguf$/, ".json");
  if (!folder.has(list)) return;
  const json = folder.json(list) as {
    readonly kv: Readonly<Record<string, { readonly type: string; readonly value: unknown }>>;
    readonly tensors: readonly ListedTensor[];
    readonly data_offset: number;
    readonly alignment: number;
  };
  const path = folder.file(file);
  const header = await cases.prepare(file, () => readGgufHeader(path));
  if (header === null) return;
  const short = Object.entries(json.kv)
    .filter(([, { value }]) => typeof value !== "object" || Array.isArray(value))
    .map(([key, { value }]) => [key, value] as const);
  await checkKeys(path, file, Object.fromEntries(short), cases);
  await cases.measure(`${file} number of keys`, { name: "keys missing or extra", bound: 0 }, () =>
    differing(Object.keys(json.kv).toSorted(), [...header.keys.keys()].toSorted()),
  );
  await cases.measure(`${file} places`, { name: "tensors that differ", bound: 0 }, () => {
    const own = [...header.tensors].map(([name, { storedType, shape, byteOffset, bytes }]) =>
      [name, storedType, shape, byteOffset, bytes].join(" "),
    );
    const wanted = json.tensors.map((tensor) =>
      [tensor.name, tensor.type, tensor.shape, tensor.file_offset, tensor.bytes].join(" "),
    );
    const starts = [header.dataStart, header.alignment];
    return differing(own, wanted) + differing(starts, [json.data_offset, json.alignment]);
  });
  await cases.measure(
    `${file} values`,
    { name: "worst relative error of a norm", bound: 1e-5 },
    async () => {
      using opened = openCheckpoint(path);
      let worst = 0;
      for (const { name, l2, first } of json.tensors) {
        using tensor = opened.tensor(name, device);
        const values = await tensor.read();
        const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
        const begins = differing(Array.from(values.subarray(0, first.length)), first);
        worst = Math.max(worst, Math.abs(norm - l2) / (l2 === 0 ? 1 : l2), begins);
      }
      return worst;
    },
  );
}

async function runTransformer(run: Run, key: string): Promise<void> {
  const { folder, bench, cases, inputs, expected } = run;
  const [, file = key, strength] = /^(.+?)\+lora@(-?[\d.]+)$/.exec(key) ?? [];
  const loras: LoraRef[] = [];
  if (strength !== undefined) {
    const path = loraPath(folder, expected);
    if (path === null) return cases.notChecked(key, "the LoRA that its note names is not there");
    loras.push({ path, strength: Number(strength) });
  }
  const metric = { name: "relative error", bound: bench.bound(2e-4, 2e-2) };
  await cases.measure(key, metric, () =>
    withDiffusion(bench, folder.file(`${file}.gguf`), loras, async (model) => {
      const errors: number[] = [];
      for (let i = 0; i < batchOf(inputs); i++) {
        const out = await predict(model, bench.device, inputs, i);
        errors.push(relativeError(out, item(expected.get(key), i).values));
      }
      return Math.max(...errors);
    }),
  );
}

async function runEncoder(run: Run, key: string): Promise<void> {
  const { folder, bench, cases, inputs, expected } = run;
  const metric = { name: "relative error", bound: bench.bound(1e-4, 2e-2) };
  const batch = inputs.get("input_ids").shape[0] ?? 0;
  for (let i = 0; i < batch; i++) {
    await cases.measure(`${key}[${i}]`, metric, () => {
      const ids = Int32Array.from(item(inputs.get("input_ids"), i).values);
      const used = item(inputs.get("attention_mask"), i).values.lastIndexOf(1) + 1;
      const { shape, values } = item(expected.get(key), i);
      return withTextEncoder(bench, folder.file(`${key}.gguf`), async (encoder) => {
        using out = encoder.forward(ids.slice(0, used));
        return relativeError(await out.read(), values.subarray(0, used * (shape[1] ?? 0)));
      });
    });
  }
}

/** Names, and ids of texts by the tokenizers that files hold. */
async function checkText(folder: Folder, { families }: Bench, cases: Cases): Promise<void> {
  const umt5 = families.find(({ family }) => family === "umt5");
  if (folder.has("names.json")) {
    await cases.measure("names.json", { name: "differing names", bound: 0 }, () => {
      const naming = umt5?.namings.find(({ id }) => id === "gguf");
      const map = folder.nameMap("names.json");
      return differing(
        Object.keys(map).map((name) => naming?.canonical(name) ?? null),
        Object.values<string | null>(map),
      );
    });
  }
  const place = above(folder.path, TEXTS);
  for (const file of folder.files.filter((name) => name.endsWith(".gguf"))) {
    using opened = openCheckpoint(folder.file(file));
    if (!opened.embedded?.has("spiece_model")) continue;
    if (place === null) {
      cases.notChecked(`${file} tokenizer`, `no ${TEXTS} above it`);
      continue;
    }
    await cases.measure(`${file} tokenizer`, { name: "differing ids", bound: 0 }, () => {
      const { part, family } = detectModel(opened, families, "text-encoder");
      const tokenizer = new SentencePiece(tokenizerBytes(part, family));
      const texts = JSON.parse(readFileSync(place, "utf8")) as readonly TextCase[];
      return texts.reduce((sum, { text, ids }) => sum + differing(tokenizer.encode(text), ids), 0);
    });
  }
}

/** A file by its path below one of the folders above another. */
function above(path: string, name: string): string | null {
  for (let folder = path; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, name);
    if (existsSync(candidate)) return candidate;
  }
  return null;
}

/** The note of the expected outputs says which LoRA of the reference data was added. */
function loraPath(folder: Folder, { metadata }: GoldenFile): string | null {
  const name = /([\w/-]+-lora\/\w+) at strength/.exec(metadata["note"] ?? "")?.[1];
  return name === undefined ? null : above(folder.path, `${name}.safetensors`);
}
