/** Entry of the engine process: takes jobs one after the other from its parent and reports events. */
import { toUmbelError } from "#runtime/errors";
import type { EngineSettings, FromEngine, ToEngine } from "#runtime/protocol/engine-messages";
import type { JobEvent } from "#runtime/protocol/events";
import { openEngine, type OpenEngine } from "./engine/open-engine.ts";
import { removeUnfinished } from "./engine/output-files.ts";
import { readMessage } from "./engine/read-message.ts";

// Without a parent there is nobody to tell: "disconnect" ends the process.
const send = (message: FromEngine): void => {
  process.send?.(message, () => undefined);
};
const emit = (event: JobEvent): void => send({ type: "event", event });

const cancels = new Map<string, AbortController>();
let line: Promise<void> = Promise.resolve();

async function run(
  { engine }: OpenEngine,
  message: ToEngine & { type: "run" },
  signal: AbortSignal,
): Promise<void> {
  try {
    await engine.run({ ...message, signal, emit });
  } catch {
    // The engine has said so in an event.
  } finally {
    cancels.delete(message.job);
    send({ type: "done", job: message.job });
  }
}

function receive(open: OpenEngine, message: ToEngine): void {
  if (message.type === "stop") process.exit(0);
  if (message.type === "cancel") cancels.get(message.job)?.abort();
  else if (!cancels.has(message.job)) {
    const controller = new AbortController();
    cancels.set(message.job, controller);
    line = line.then(() => run(open, message, controller.signal));
  }
}

/** A message that cannot be read fails its job, when it names one. */
function refuse(message: unknown, cause: unknown): void {
  const error = toUmbelError(cause);
  process.stderr.write(`umbel: ${error.message} [${error.code}]\n`);
  const job = (message as { job?: unknown } | null)?.job;
  if (typeof job !== "string" || cancels.has(job)) return;
  emit({ type: "job_failed", job, error: error.toJSON(), problems: [] });
  send({ type: "done", job });
}

process.on("exit", removeUnfinished);
process.on("disconnect", () => process.exit(0));
// Ctrl-C reaches every process of a terminal; what it means is for the parent to say.
process.on("SIGINT", () => undefined);

try {
  const open = await openEngine(JSON.parse(process.argv[2] ?? "{}") as EngineSettings);
  process.on("message", (message) => {
    try {
      receive(open, readMessage(message));
    } catch (error) {
      refuse(message, error);
    }
  });
  send({ type: "ready", device: open.device.name });
} catch (error) {
  process.send?.(
    { type: "unusable", error: toUmbelError(error).toJSON() } satisfies FromEngine,
    () => process.exit(1),
  );
}
