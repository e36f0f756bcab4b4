import type { Measured } from "./measure.ts";
import type { Row } from "./row.ts";

const OTHERS = ["OpenBLAS", "PyTorch", "density x dense"];

function line(cells: readonly string[]): string {
  const widths = [26, 34, 8, 9, 9, 16, 8];
  return cells
    .map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
    .join(" ");
}

/** Figures are GFLOP/s; the ratio is to the better of the other sides. */
export function headLine(): string {
  return line(["op", "size", "Umbel", ...OTHERS, "ratio"]);
}

export function tableLine(row: Row, { ours, others }: Measured): string {
  const speed = (seconds: number) => (row.flops / seconds / 1e9).toFixed(1);
  const cells = OTHERS.map((name) => {
    const seconds = others.get(name);
    return seconds === undefined ? "-" : speed(seconds);
  });
  const best = Math.min(...others.values());
  const ratio = Number.isFinite(best) ? (best / ours).toFixed(2) : "-";
  return line([row.op, row.size, speed(ours), ...cells, ratio]);
}
