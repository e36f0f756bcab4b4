/**
 * npm run bench:cpu [-- WORD...] [--rounds N] [--threads N]: speed of CPU ops beside OpenBLAS and PyTorch on this machine.
 * A WORD keeps the rows whose op or size contains it. Both sides of a row take turns, and the best turn of each counts, so
 * that other work on the machine disturbs neither more than the other.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { openDevice } from "#runtime/tensor/devices";
import { attentionRows } from "./attention-rows.ts";
import { convolutionRows } from "./convolution-rows.ts";
import { linearRows } from "./linear-rows.ts";
import { measureRow } from "./measure.ts";
import { modelRows } from "./model-rows.ts";
import { openSides } from "./sides.ts";
import { headLine, tableLine } from "./table.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "6" },
    threads: { type: "string", default: "2" },
  },
});
const threads = Number(values.threads);
const rounds = Number(values.rounds);
const device = openDevice("cpu", { threads });
const all = [
  ...linearRows(device.isa),
  ...attentionRows,
  ...convolutionRows,
  ...(await modelRows()),
];
const rows = all.filter(
  ({ op, size }) =>
    positionals.length === 0 || positionals.some((word) => `${op} ${size}`.includes(word)),
);

const sides = await openSides(threads);
console.log(`${cpus()[0]?.model ?? "unknown processor"}, ${device.isa}, ${threads} threads`);
for (const side of sides) console.log(`${side.name}: ${side.description}`);
console.log(`\n${headLine()}`);
for (const row of rows)
  console.log(tableLine(row, await measureRow(row, { device, threads, sides, rounds })));
for (const side of sides) side.close();
