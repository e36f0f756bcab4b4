/** umbel worker: runs the jobs of `umbel serve --redis`, on this machine or another one. */
import { mkdirSync } from "node:fs";
import type { Command } from "commander";
import { openWorker } from "#runtime/service/redis/open-worker";
import { openStorage } from "#runtime/service/storage/open-storage";
import { addEngineOptions, engineSettings, type EngineFlags } from "./engine-options.ts";

interface Flags extends EngineFlags {
  readonly redis: string;
  readonly input: string;
  readonly out: string;
  readonly storage?: string;
}

export function addWorker(program: Command): void {
  const command = program
    .command("worker")
    .description("run the jobs of a server that was started with --redis")
    .requiredOption("--redis <url>", "where the server puts its jobs, redis://host:6379")
    .option(
      "--input <folder>",
      "pictures and videos that graphs name; shared with the server",
      "input",
    )
    .option(
      "--out <folder>",
      "where results go; shared with the server, unless there is a storage",
      "output",
    )
    .option(
      "--storage <s3 address>",
      "bring results there, s3://bucket/prefix, as the server has it",
    );
  addEngineOptions(command).action(work);
}

async function work(flags: Flags): Promise<void> {
  const engine = engineSettings(flags, flags);
  mkdirSync(engine.outputFolder, { recursive: true });
  const storage = flags.storage === undefined ? undefined : await openStorage(flags.storage);
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const worker = await openWorker({ url: flags.redis, engine, storage, log: say });
  say(`worker ${worker.id} takes jobs`);
  await signal();
  say("finishes its job; again to give it to another worker");
  const closed = worker.close();
  await Promise.race([closed, signal().then(() => worker.giveBack())]);
  process.exit(0);
}

function signal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve());
  });
}
