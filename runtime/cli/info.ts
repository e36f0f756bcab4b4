/** umbel info: version, processor, devices, which instruction set the kernels use, where models are looked for. */
import { cpus, totalmem } from "node:os";
import type { Command } from "commander";
import { engineSettings, addEngineOptions, type EngineFlags } from "./engine-options.ts";
import { formatBytes } from "./format-quantity.ts";
import { packageVersion } from "./version.ts";
import { describeDevice } from "#runtime/tensor/devices";

export function addInfo(program: Command): void {
  const command = program
    .command("info")
    .description("say what this machine and this build can do")
    .option("--json", "as JSON");
  addEngineOptions(command).action(info);
}

function info(flags: EngineFlags & { json?: true }): void {
  const settings = engineSettings(flags);
  const facts = {
    version: packageVersion(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    threads: settings.threads,
    memory: formatBytes(totalmem()),
    device: describeDevice(flags.device),
    models: settings.models,
    output: settings.outputFolder,
  };
  if (flags.json) process.stdout.write(`${JSON.stringify(facts, null, 2)}\n`);
  else {
    for (const [name, value] of Object.entries(facts)) {
      process.stdout.write(
        `${name.padEnd(10)} ${Array.isArray(value) ? value.join("\n           ") : String(value)}\n`,
      );
    }
  }
}
