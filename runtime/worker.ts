/** Entry of the engine process: takes jobs one after the other from its parent and reports events. */
import { toUmbelError } from "#runtime/errors";
import type { EngineSettings, FromEngine, ToEngine } from "#runtime/protocol/engine-messages";
import { openEngine, type OpenEngine } from "./engine/open-engine.ts";

const send = (message: FromEngine): void => {
  process.send?.(message);
};

const settings = JSON.parse(process.argv[2] ?? "{}") as EngineSettings;
const cancels = new Map<string, AbortController>();
let line: Promise<void> = Promise.resolve();

async function run(
  open: OpenEngine,
  message: ToEngine & { type: "run" },
  signal: AbortSignal,
): Promise<void> {
  try {
    await open.engine.run({ ...message, signal, emit: (event) => send({ type: "event", event }) });
  } catch (error) {
    // Reported as job_failed or job_cancelled already; a bug of the engine itself must not end the process.
    toUmbelError(error);
  } finally {
    cancels.delete(message.job);
    send({ type: "done", job: message.job });
  }
}

const open = await openEngine(settings);
process.on("message", (message: ToEngine) => {
  if (message.type === "cancel") cancels.get(message.job)?.abort();
  else if (message.type === "stop") process.exit(0);
  else {
    const controller = new AbortController();
    cancels.set(message.job, controller);
    line = line.then(() => run(open, message, controller.signal));
  }
});
process.on("disconnect", () => process.exit(0));
send({ type: "ready", device: open.device.name });
