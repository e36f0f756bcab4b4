/** Namings as tables: a group of names below one prefix, a row a layer, a column a naming. */
import type { Naming, TensorPiece } from "#runtime/sdk/model";

/**
 * A layer's name in one naming. Several: it is stored in as many pieces, one after the other along the first axis.
 * `swapped`: its two halves stand the other way round. null: that naming does not have it.
 */
export type LayerName = string | readonly string[] | { readonly swapped: string } | null;

export interface NameGroup {
  /** One a naming, the canonical one first; "#" stands for the number of a block. "" for names outside of blocks. */
  readonly prefixes: readonly string[];
  /** [canonical, others ...]; `.weight` and `.bias` stay, `.scale` (of a norm) is another word for the first. */
  readonly rows: readonly (readonly [string, ...LayerName[]])[];
}

/** The naming of a column, of which 0 is the canonical one. */
export function tableNaming(id: string, column: number, groups: readonly NameGroup[]): Naming {
  const tables = groups.map(({ prefixes, rows }) => ({
    pattern: prefixPattern(prefixes[column] ?? ""),
    prefix: prefixes[0] ?? "",
    stems: stemsOf(rows, column),
  }));
  return {
    id,
    canonical(name) {
      const [, whole = name, suffix = ""] = /^(.+?)(\.weight|\.bias|\.scale)?$/.exec(name) ?? [];
      const ending = suffix === ".scale" ? ".weight" : suffix;
      for (const { pattern, prefix, stems } of tables) {
        const found = pattern.exec(whole);
        const piece = found === null ? undefined : stems.get(whole.slice(found[0].length));
        if (piece === undefined) continue;
        const canonical = prefix.replace("#", found?.[1] ?? "") + piece.name + ending;
        return piece.run === undefined && piece.swapped !== true
          ? canonical
          : { ...piece, name: canonical };
      }
      return null;
    },
  };
}

function prefixPattern(prefix: string): RegExp {
  const literal = prefix.replaceAll(/[.\\^$*+?()[\]{}|]/g, "\\$&");
  return new RegExp(`^${literal.replace("#", "(\\d+)")}`);
}

function stemsOf(rows: NameGroup["rows"], column: number): ReadonlyMap<string, TensorPiece> {
  const stems = new Map<string, TensorPiece>();
  for (const row of rows) {
    const [name] = row;
    const own = row[column] ?? null;
    if (own === null) continue;
    if (typeof own === "string") stems.set(own, { name });
    else if ("swapped" in own) stems.set(own.swapped, { name, swapped: true });
    else for (const [run, stem] of own.entries()) stems.set(stem, { name, run });
  }
  return stems;
}
