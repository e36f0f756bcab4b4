/** umbel serve: ComfyUI's HTTP and WebSocket interface, and the editor as a web page. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { InvalidArgumentError, type Command } from "commander";
import { CODE_ROOT } from "#runtime/engine/locations";
import { UmbelError } from "#runtime/errors";
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import { openServer } from "#runtime/server/open-server";
import { isLoopback } from "#runtime/server/guard";
import { openService, type ServiceOptions } from "#runtime/service/open-service";
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
  readonly downloadHost: readonly string[];
  readonly redis?: string;
  readonly storage?: string;
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
      "--download-host <name>",
      "a host of your own network from which clients may have models fetched, besides public https hosts; repeatable",
      collect,
      [],
    )
    .option(
      "--redis <url>",
      "leave the jobs to `umbel worker` processes, here or on other machines, that share --out and --input",
    )
    .option(
      "--storage <s3 address>",
      "fetch the results of workers from there, s3://bucket/prefix, instead of sharing --out; with --redis",
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
  if (flags.storage !== undefined && flags.redis === undefined)
    throw new UmbelError(
      "ERR_USAGE",
      "Expected --redis with --storage: workers bring results to it.",
    );
  const settings = engineSettings(flags, flags);
  const remote = flags.redis === undefined ? null : await openWorkers(flags.redis, flags.storage);
  const engine = remote?.folders(settings) ?? settings;
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
  const service = await openService({
    version,
    dataFolder,
    engine,
    downloads: { hosts: flags.downloadHost },
    ...remote?.options,
  });
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
  remote?.close();
}

interface Workers {
  /** As the workers have them. */
  folders(engine: EngineSettings): EngineSettings;
  readonly options: Pick<ServiceOptions, "openHost" | "engineAttempts" | "storage">;
  close(): void;
}

async function openWorkers(url: string, address: string | undefined): Promise<Workers> {
  // Few need them, and they take their time to load.
  const { connectRedis } = await import("#runtime/service/redis/connect");
  const { sharedFolders } = await import("#runtime/service/redis/shared-folders");
  const { RedisHost } = await import("#runtime/service/redis/redis-host");
  const { openStorage } = await import("#runtime/service/storage/open-storage");
  const storage = address === undefined ? undefined : await openStorage(address);
  const redis = await connectRedis(url);
  return {
    folders: sharedFolders,
    options: {
      storage,
      openHost: (folders, wake) => new RedisHost({ redis, folders, storage, wake }),
      // Their own tries are enough.
      engineAttempts: 1,
    },
    close: () => redis.disconnect(),
  };
}

/** Resolves at the first signal; a second one ends the process at once. */
function stopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve());
  });
}
