import type { NodeRunState } from "../stores/run-events.ts";
import type { NodeScene } from "./scene.ts";

/** What a screen reader says of a node: "Sampler, running, step 17 of 30". */
export function nodeName(view: NodeScene, run: NodeRunState | undefined, errors: number): string {
  const { model, node } = view;
  const parts = [model.title];
  if (model.title !== model.classTitle) parts.push(model.classTitle);
  if (node.state !== undefined) parts.push(node.state);
  if (run?.status === "running")
    parts.push(run.max > 1 ? `running, step ${run.value} of ${run.max}` : "running");
  else if (run !== undefined && run.status !== "stopped") parts.push(run.status);
  if (errors > 0) parts.push(errors === 1 ? "1 problem" : `${errors} problems`);
  return parts.join(", ");
}
