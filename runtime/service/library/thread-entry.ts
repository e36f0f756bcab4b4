/** Entry of the threads for long work: one task at a time. A thread is ended when its task is not wanted any more. */
import { parentPort } from "node:worker_threads";
import { listModels, modelFacts } from "#runtime/engine/model-listing";
import { planDocument } from "#runtime/engine/plan-document";
import { toUmbelError } from "#runtime/errors";
import { withPlainRecords } from "#runtime/graph/document";
import { compareClips } from "#runtime/media/compare-clips";
import type { FromThread, TaskName, ThreadTasks, ToThread } from "./thread-tasks.ts";

type Tasks = {
  readonly [N in TaskName]: (task: ThreadTasks[N]["task"]) => Promise<ThreadTasks[N]["result"]>;
};

const tasks: Tasks = {
  // A message gives records their prototype back.
  plan: ({ document, settings, targets }) =>
    planDocument(withPlainRecords(document), settings, new AbortController().signal, targets),
  compare: ({ a, b }) => compareClips(a, b),
  list: (roots) => Promise.resolve(listModels(roots)),
  inspect: (paths) => Promise.all(paths.map(modelFacts)),
};

function run<N extends TaskName>({ name, task }: ToThread<N>): Promise<ThreadTasks[N]["result"]> {
  return tasks[name](task);
}

const send = (message: FromThread): void => parentPort?.postMessage(message);

parentPort?.on("message", (message: ToThread) => {
  void run(message).then(
    (result) => send({ type: "result", result }),
    (error: unknown) => send({ type: "error", error: toUmbelError(error).toJSON() }),
  );
});
send({ type: "ready" });
