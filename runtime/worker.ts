/** Entry of the engine process: takes jobs one after the other from its parent and reports events. */
import { toUmbelError } from "#runtime/errors";
import type { EngineSettings, FromEngine, ToEngine } from "#runtime/protocol/engine-messages";
import type { JobEvent } from "#runtime/protocol/events";
import { openEngine, type OpenEngine } from "./engine/open-engine.ts";
import { removeUnfinished } from "./engine/output-files.ts";
import { openParentLink } from "./engine/parent-link.ts";
import { readMessage } from "./engine/read-message.ts";
import { receiptWriter } from "./engine/receipts.ts";

const parent = openParentLink();
const send = (message: FromEngine): void => parent.send(message);
const settings = JSON.parse(process.argv[2] ?? "{}") as EngineSettings;

const cancels = new Map<string, AbortController>();
let line: Promise<void> = Promise.resolve();

async function run(
  { engine }: OpenEngine,
  message: ToEngine & { type: "run" },
  signal: AbortSignal,
): Promise<void> {
  const receipt = receiptWriter(settings.receiptFolder, message.job);
  let last: JobEvent | null = null;
  const emit = (event: JobEvent): void => {
    receipt.note(event);
    // The end is told when its receipt is written.
    if (event.type === "job_finished") last = event;
    else send({ type: "event", event });
  };
  try {
    await engine.run({ ...message, signal, emit });
    await receipt.write();
  } catch (error) {
    // The engine has told its own failures in an event.
    if (last !== null) fail(message.job, error);
    last = null;
  } finally {
    if (last !== null) send({ type: "event", event: last });
    cancels.delete(message.job);
    send({ type: "done", job: message.job });
  }
}

function receive(open: OpenEngine, message: ToEngine): void {
  switch (message.type) {
    case "stop":
      return process.exit(0);
    case "cancel":
      return cancels.get(message.job)?.abort();
    case "memory":
      if (message.free) free(open);
      return send({ type: "memory", request: message.request, report: open.memory() });
    case "run": {
      if (cancels.has(message.job)) return;
      const controller = new AbortController();
      cancels.set(message.job, controller);
      line = line.then(() => run(open, message, controller.signal));
    }
  }
}

/** Results at once; models between jobs, since a running one may yet read from their files. */
function free(open: OpenEngine): void {
  open.freeResults();
  if (cancels.size === 0) open.freeModels();
  else line = line.then(() => open.freeModels());
}

/** A message that cannot be read fails its job, when it names one. */
function refuse(message: unknown, cause: unknown): void {
  const error = toUmbelError(cause);
  process.stderr.write(`umbel: ${error.message} [${error.code}]\n`);
  const job = (message as { job?: unknown } | null)?.job;
  if (typeof job !== "string" || cancels.has(job)) return;
  fail(job, error);
  send({ type: "done", job });
}

function fail(job: string, error: unknown): void {
  const event = { type: "job_failed", job, error: toUmbelError(error).toJSON(), problems: [] };
  send({ type: "event", event: event as JobEvent });
}

process.on("exit", removeUnfinished);
parent.onLost(() => process.exit(0));
// Ctrl-C reaches every process of a terminal; what it means is for the parent to say.
process.on("SIGINT", () => undefined);

try {
  const open = await openEngine(settings);
  parent.onMessage((message) => {
    try {
      receive(open, readMessage(message));
    } catch (error) {
      refuse(message, error);
    }
  });
  send({ type: "ready", device: open.describe() });
} catch (error) {
  parent.send({ type: "unusable", error: toUmbelError(error).toJSON() }, () => process.exit(1));
}
