import type { NodeContext } from "#runtime/sdk/node";
import type { Bench } from "./check.ts";

/** What the runtime's steps ask of a node that runs them; nothing is shown or saved. */
export function nodeContext({ device, manager }: Bench): NodeContext {
  const none = (): never => {
    throw new Error("Expected a step without files.");
  };
  return {
    nodeId: "conformance",
    device,
    models: manager,
    signal: new AbortController().signal,
    checkCancelled: () => {},
    progress: () => {},
    preview: () => {},
    warn: () => {},
    publish: () => {},
    modelPath: none,
    inputPath: none,
    saveOutput: none,
    embed: {},
  };
}
