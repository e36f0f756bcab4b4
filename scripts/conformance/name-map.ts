/** Files that say how the tensors of one naming become those of another. */
import type { DetectedModel } from "#runtime/engine/models/detect";
import type { TensorPiece } from "#runtime/sdk/model";
import { pieceOf } from "#runtime/weights/stored-piece";
import type { Cases } from "./cases.ts";
import type { Folder } from "./folder.ts";

/** `from` as they lie behind each other along the first axis; or one with its halves exchanged. */
interface Recipe {
  readonly op: "copy" | "concat_rows" | "swap_halves";
  readonly from: readonly string[];
}

/** Where a tensor of the other naming comes from: all of one, one of equal parts of it, or its halves exchanged. */
interface Origin {
  readonly op: "copy" | "chunk" | "swap_halves";
  readonly from: string;
  readonly i?: number;
  /** Of the original's files, where there are several; names are below it here. */
  readonly file?: string;
}

interface NameMap {
  readonly map?: Readonly<Record<string, Origin>>;
  readonly names?: Readonly<Record<string, string>>;
  readonly ldm_to_original?: Readonly<Record<string, string>>;
  readonly original?: Readonly<Record<string, Recipe>>;
}

/** Case that some naming of the model reads every name of the map as the map says. */
export async function checkNameMap(
  folder: Folder,
  file: string,
  cases: Cases,
  { family }: DetectedModel,
): Promise<void> {
  const metric = { name: "names that are read otherwise", bound: 0 };
  await cases.measure(file, metric, () => {
    const map = folder.json(file) as NameMap;
    const names = map.names ?? map.ldm_to_original ?? {};
    const expected = [
      ...Object.entries(names).map(copied),
      ...recipes(map),
      ...Object.entries(map.map ?? {}).map(origin),
    ];
    if (expected.length === 0) return Infinity;
    const counts = family.namings.map(
      (naming) => expected.filter(([own, piece]) => !same(pieceOf(naming, own), piece)).length,
    );
    return Math.min(...counts);
  });
}

type Entry = readonly [own: string, piece: TensorPiece];

function copied([own, name]: readonly [string, string]): Entry {
  return [own, { name }];
}

function origin([own, { op, from, i, file }]: readonly [string, Origin]): Entry {
  const name = file === undefined ? from : `${file}.${from}`;
  if (op === "chunk") return [own, { name, run: i ?? 0 }];
  return [own, op === "swap_halves" ? { name, swapped: true } : { name }];
}

function recipes({ original = {} }: NameMap): Entry[] {
  return Object.entries(original).flatMap(([name, { op, from }]) =>
    from.map((own, run): Entry => {
      if (op === "concat_rows") return [own, { name, run }];
      return [own, op === "swap_halves" ? { name, swapped: true } : { name }];
    }),
  );
}

function same(a: TensorPiece | null, b: TensorPiece): boolean {
  return a?.name === b.name && a.run === b.run && (a.swapped ?? false) === (b.swapped ?? false);
}
