/** Entry of the desktop app's service process. Its parent hands it clients' ports and starts the engines it asks for. */
import { availableParallelism } from "node:os";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { BUNDLED_MODELS, NODE_FOLDER } from "#runtime/engine/locations";
import { toUmbelError, UmbelError } from "#runtime/errors";
import type { EngineSettings } from "#runtime/protocol/engine-messages";
import type { FromServiceProcess, ToServiceProcess } from "#runtime/protocol/host-messages";
import { EnginesOfParent } from "./service/engines-of-parent.ts";
import { openService, type Service } from "./service/open-service.ts";
import { servePort, type ServicePort } from "./service/serve-port.ts";

interface ParentPort {
  postMessage(message: FromServiceProcess): void;
  on(
    event: "message",
    listener: (event: { data: ToServiceProcess; ports: readonly ServicePort[] }) => void,
  ): void;
}

const { parentPort } = process as unknown as { parentPort: ParentPort };
const { version, dataFolder, workFolder } = JSON.parse(process.argv[2] ?? "{}") as Record<
  "version" | "dataFolder" | "workFolder",
  string
>;

const settings: EngineSettings = {
  device: "auto",
  threads: availableParallelism(),
  models: [join(workFolder, "models"), BUNDLED_MODELS],
  nodes: [NODE_FOLDER],
  inputFolder: join(workFolder, "input"),
  outputFolder: join(workFolder, "output"),
  temporaryFolder: join(dataFolder, "temporary"),
};

const engines = new EnginesOfParent((message) => parentPort.postMessage(message));

async function open(): Promise<Service> {
  for (const folder of [settings.inputFolder, settings.outputFolder, settings.models[0]!])
    makeFolder(folder);
  // The window asks its user, with the host in words.
  const downloads = "anywhere";
  return openService({ version, dataFolder, engine: settings, start: engines.start, downloads });
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UmbelError(
      "ERR_FILE",
      `Expected to make the folder ${folder}, got: ${reason}. Move what is in its place, or give it back its permissions.`,
      { cause },
    );
  }
}

/** A service that cannot be opened still answers: with why. */
function unusable(cause: unknown): Pick<Service, "call" | "subscribe" | "close"> {
  const error = toUmbelError(cause).toJSON();
  process.stderr.write(`umbel: ${error.message} [${error.code}]\n`);
  return {
    call: async () => ({ ok: false, error }),
    subscribe: () => () => undefined,
    close: async () => undefined,
  };
}

function tellFolders(outputFolder: string | null): void {
  const { inputFolder: input, temporaryFolder: temporary } = settings;
  const output = outputFolder ?? settings.outputFolder;
  parentPort.postMessage({ type: "folders", folders: { input, output, temporary } });
}

const opened = open()
  .then(async (service) => {
    service.subscribe((event) => {
      if (event.type === "settings") tellFolders(event.settings.outputFolder);
    });
    const answer = await service.call("settings.get", {});
    tellFolders(answer.ok ? (answer.result as { outputFolder: string | null }).outputFolder : null);
    parentPort.postMessage({ type: "ready" });
    return service;
  })
  .catch(unusable);

async function stop(): Promise<never> {
  const service = await opened;
  await service.close();
  return process.exit(0);
}

parentPort.on("message", ({ data, ports: [port] }) => {
  switch (data.type) {
    case "client":
      if (port !== undefined) servePort(port, opened);
      return;
    case "engine_started":
      if (port !== undefined) engines.started(data.engine, data.pid, port);
      return;
    case "engine_ended":
      return engines.ended(data.engine, data.reason);
    case "stop":
      return void stop();
  }
});
