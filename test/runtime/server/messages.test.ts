import { expect, test } from "vitest";
import { MessageTranslator } from "#runtime/server/comfy/messages";

const types: Record<string, string> = { "3": "KSampler", "9": "SaveVideo" };

function translator() {
  return new MessageTranslator(
    "p",
    (node) => types[node] ?? "",
    () => 1000,
  );
}

test("tells a run in ComfyUI's order", () => {
  const t = translator();
  const job = "p";
  const messages = [
    t.translate({ type: "job_started", job, nodes: ["1", "3", "9"], cached: ["1"] }),
    t.translate({ type: "node_cached", job, node: "1" }),
    t.translate({ type: "node_started", job, node: "3", title: "Sampler" }),
    t.translate({
      type: "node_progress",
      job,
      node: "3",
      value: 1,
      max: 4,
      secondsPerUnit: 1,
      secondsLeft: 3,
    }),
    t.translate({
      type: "node_finished",
      job,
      node: "3",
      nodeType: "KSampler",
      title: "",
      seconds: 1,
      peakBytes: 1,
      cached: false,
    }),
    t.translate({ type: "node_started", job, node: "9", title: "Save" }),
    t.translate({
      type: "node_result",
      job,
      node: "9",
      result: {
        kind: "video",
        path: "clips/umbel_00001_.mp4",
        place: "output",
        width: 8,
        height: 8,
        frames: 5,
        fps: 16,
      },
    }),
    t.translate({
      type: "node_finished",
      job,
      node: "9",
      nodeType: "SaveVideo",
      title: "",
      seconds: 1,
      peakBytes: 1,
      cached: false,
    }),
    t.translate({ type: "job_finished", job, seconds: 2, peakBytes: 1, nodes: [] }),
  ].flat();
  expect(messages.map((message) => message.type)).toEqual([
    "execution_start",
    "execution_cached",
    "executing",
    "progress_state",
    "progress",
    "progress_state",
    "progress_state",
    "executing",
    "progress_state",
    "progress_state",
    "executed",
    "execution_success",
    "executing",
  ]);
  const of = (type: string) =>
    messages.filter((message) => message.type === type).map((m) => m.data);
  expect(of("execution_start")).toEqual([{ prompt_id: "p", timestamp: 1000 }]);
  expect(of("execution_cached")).toEqual([{ prompt_id: "p", timestamp: 1000, nodes: ["1"] }]);
  expect(of("progress")).toEqual([{ value: 1, max: 4, node: "3", prompt_id: "p" }]);
  expect(of("executing")).toEqual([
    { node: "3", display_node: "3", prompt_id: "p" },
    { node: "9", display_node: "9", prompt_id: "p" },
    { node: null, prompt_id: "p" },
  ]);
  expect(of("executed")).toEqual([
    {
      node: "9",
      display_node: "9",
      prompt_id: "p",
      output: {
        images: [{ filename: "umbel_00001_.mp4", subfolder: "clips", type: "output" }],
        animated: [true],
      },
    },
  ]);
  expect(of("progress_state").at(-1)).toMatchObject({
    nodes: { "3": { value: 4, max: 4, state: "finished" }, "9": { state: "finished" } },
  });
});

test("tells a failure with its node, and an interruption", () => {
  const t = translator();
  t.translate({ type: "node_started", job: "p", node: "3", title: "" });
  const [failed, last] = t.translate({
    type: "job_failed",
    job: "p",
    problems: [],
    error: { code: "ERR_OUT_OF_MEMORY", message: "Expected 2 GiB, got 1.", nodeId: "3" },
  });
  expect(failed).toEqual({
    type: "execution_error",
    data: {
      prompt_id: "p",
      node_id: "3",
      node_type: "KSampler",
      executed: [],
      exception_message: "Expected 2 GiB, got 1.",
      exception_type: "ERR_OUT_OF_MEMORY",
      traceback: [],
      current_inputs: {},
      current_outputs: [],
      timestamp: 1000,
    },
  });
  expect(last).toEqual({ type: "executing", data: { node: null, prompt_id: "p" } });
  expect(t.translate({ type: "job_cancelled", job: "p" })[0]).toMatchObject({
    type: "execution_interrupted",
    data: { node_id: "3", node_type: "KSampler", prompt_id: "p" },
  });
});
