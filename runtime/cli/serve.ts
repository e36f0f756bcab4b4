/** umbel serve: ComfyUI's HTTP and WebSocket interface, and the editor as a web page. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { InvalidArgumentError, type Command } from "commander";
import { CODE_ROOT } from "#runtime/engine/locations";
import { openServer } from "#runtime/server/open-server";
import { isLoopback } from "#runtime/server/guard";
import type { CoreOptions } from "#runtime/service/open-core";
import { openService } from "#runtime/service/open-service";
import { connectRedis, type Redis } from "#runtime/service/redis/connect";
import { sharedFolders } from "#runtime/service/redis/open-worker";
import { RedisHost } from "#runtime/service/redis/redis-host";
import { addEngineOptions, engineSettings, type EngineFlags } from "./engine-options.ts";
import { packageVersion } from "./version.ts";

interface Flags extends EngineFlags {
  readonly address: string;
  readonly port: number;
  readonly token?: string;
  readonly hostName: readonly string[];
  readonly allowOrigin: readonly string[];
  readonly input: string;
  readonly out: string;
  readonly data: string;
  readonly redis?: string;
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function addServe(program: Command): void {
  const command = program
    .command("serve")
    .description(
      "serve graphs over HTTP and WebSocket, as ComfyUI's clients expect it, and the editor as a page",
    )
    .option(
      "--address <ip>",
      "address to listen on; beyond this machine a token is asked for",
      "127.0.0.1",
    )
    .option("--port <n>", "port; 0 for any free one", portOf, 8188)
    .option(
      "--token <text>",
      "ask every client for this token; made up and shown when others can reach the server",
    )
    .option(
      "--host-name <name>",
      "a name by which clients call this server; repeatable",
      collect,
      [],
    )
    .option(
      "--allow-origin <origin>",
      "a site whose pages may use the server; repeatable",
      collect,
      [],
    )
    .option(
      "--input <folder>",
      "where pictures and videos that graphs name are, and uploads go",
      "input",
    )
    .option("--out <folder>", "where results go", "output")
    .option(
      "--data <folder>",
      "queue, history, workflows and settings",
      join(homedir(), ".local", "share", "umbel", "server"),
    )
    .option(
      "--redis <url>",
      "leave the jobs to `umbel worker` processes, here or on other machines, that share --out and --input",
    );
  addEngineOptions(command).action(serve);
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new InvalidArgumentError("Expected 0 to 65535.");
  return port;
}

async function serve(flags: Flags): Promise<void> {
  const engine =
    flags.redis === undefined
      ? engineSettings(flags, flags)
      : sharedFolders(engineSettings(flags, flags));
  const dataFolder = resolve(flags.data);
  const folders = {
    output: engine.outputFolder,
    temporary: engine.temporaryFolder,
    input: engine.inputFolder,
    userdata: join(dataFolder, "userdata"),
  };
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
  const token =
    flags.token ?? (isLoopback(flags.address) ? null : randomBytes(24).toString("base64url"));
  const version = packageVersion();
  const redis = flags.redis === undefined ? null : await connectRedis(flags.redis);
  const workers = redis === null ? {} : workersOf(redis);
  const service = await openService({ version, dataFolder, engine, ...workers });
  const server = await openServer({
    service,
    folders,
    version,
    page: join(CODE_ROOT, "renderer"),
    address: flags.address,
    port: flags.port,
    token,
    hostNames: flags.hostName,
    origins: flags.allowOrigin,
  }).catch(async (error: unknown) => {
    await service.close();
    throw error;
  });
  process.stdout.write(
    `Umbel ${version} listens on ${server.url}${token === null ? "" : `/?token=${token}`}\n`,
  );
  await stopped();
  await server[Symbol.asyncDispose]();
  await service.close();
  redis?.disconnect();
}

/** Jobs go to workers; their own tries are enough. */
function workersOf(redis: Redis): Pick<CoreOptions, "openHost" | "engineAttempts"> {
  return {
    openHost: (folders, wake) => new RedisHost({ redis, folders, wake }),
    engineAttempts: 1,
  };
}

/** Resolves at the first signal; a second one ends the process at once. */
function stopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve());
  });
}
