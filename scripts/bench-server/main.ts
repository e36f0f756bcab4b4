/**
 * npm run bench:server [-- --clients 200 --jobs 2000]: many clients with a WebSocket each queue small jobs on a server of
 * its own. Prints the rate, the memory and how fast /health and /metrics answered meanwhile; exit code 1 when an event was
 * lost, came twice or out of order, and when a bound is missed: 50 ms for 99 % of the answers, and memory that stays flat
 * (the median of the last quarter at most a fifth above that of the second one).
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { BenchClient } from "./client.ts";
import { startServer } from "./server-process.ts";

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "200" },
    jobs: { type: "string", default: "2000" },
  },
});
const MOST_MILLISECONDS = 50;
const MOST_GROWTH = 1.2;
const clientCount = Number(values.clients);
const jobCount = Number(values.jobs);

await using server = await startServer();
const { host } = server;
const clients = await Promise.all(
  Array.from({ length: clientCount }, (_, i) => BenchClient.connect(`bench-${i}`, host)),
);
/** Every job is another one, so that none is answered from the cache. */
const promptOf = (i: number) => ({
  "1": {
    class_type: "RadialMaskPreview",
    inputs: { width: 64, height: 64, length: 5, decay_factor: (i % 100) / 100, block_size: 128 },
  },
});

const latencies = { "/health": [] as number[], "/metrics": [] as number[] };
const memory: number[] = [];
const finished = new AbortController();
const probing = probe();
const started = performance.now();
await Promise.all(
  Array.from({ length: jobCount }, (_, i) =>
    clients[i % clientCount]!.run(randomUUID(), promptOf(i)),
  ),
);
const seconds = (performance.now() - started) / 1000;
finished.abort();
await probing;

const faults = clients.flatMap((client) => client.faults);
for (const client of clients) client.close();
const mebibytes = (bytes: number | undefined) => `${((bytes ?? 0) / 2 ** 20).toFixed(0)} MiB`;
console.log(
  `${clientCount} clients, ${jobCount} jobs in ${seconds.toFixed(1)} s: ${(jobCount / seconds).toFixed(0)} a second`,
);
console.log(
  `server memory: ${mebibytes(memory[0])} at first, ${mebibytes(Math.max(...memory))} at most, ${mebibytes(memory.at(-1))} at the end`,
);
const missed: string[] = [];
for (const [path, times] of Object.entries(latencies)) {
  const late = quantile(times, 0.99);
  console.log(
    `${path}: ${times.length} answers, median ${quantile(times, 0.5).toFixed(1)} ms, 99 % within ${late.toFixed(1)} ms`,
  );
  if (!(late <= MOST_MILLISECONDS)) missed.push(`${MOST_MILLISECONDS} ms for 99 % of ${path}`);
}
const quarter = (n: number): number => {
  const size = memory.length / 4;
  return quantile(memory.slice(Math.floor(n * size), Math.ceil((n + 1) * size)), 0.5);
};
if (!(quarter(3) <= MOST_GROWTH * quarter(1)))
  missed.push(`flat memory: ${mebibytes(quarter(1))} became ${mebibytes(quarter(3))}`);
if (faults.length > 0) console.log(faults.slice(0, 10).join("\n"));
console.log(
  faults.length === 0 ? "every event came once and in order" : `${faults.length} events did not`,
);
for (const bound of missed) console.log(`missed: ${bound}`);
process.exitCode = faults.length + missed.length === 0 ? 0 : 1;

async function probe(): Promise<void> {
  while (!finished.signal.aborted) {
    for (const path of ["/health", "/metrics"] as const) {
      const begun = performance.now();
      const text = await (await fetch(`http://${host}${path}`)).text();
      latencies[path].push(performance.now() - begun);
      const resident = /^process_resident_memory_bytes (\S+)/m.exec(text)?.[1];
      if (resident !== undefined) memory.push(Number(resident));
    }
    await sleep(20);
  }
}

function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
