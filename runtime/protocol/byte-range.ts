/** `Range: bytes=...` of one range (RFC 9110, section 14). */
export interface ByteRange {
  readonly start: number;
  /** The last byte's place. */
  readonly end: number;
}

/** null: the whole file is sent; "unsatisfiable": 416. Several ranges are answered with the whole file. */
export function byteRange(
  header: string | null | undefined,
  size: number,
): ByteRange | null | "unsatisfiable" {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "");
  if (match === null) return null;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return null;
  if (first === "") {
    const count = Math.min(Number(last), size);
    return count === 0 ? "unsatisfiable" : { start: size - count, end: size - 1 };
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== "" && Number(last) < start) return null;
  return start >= size ? "unsatisfiable" : { start, end };
}
