/** Events of a job as the messages of ComfyUI's WebSocket, in its order. One translator a job. */
import type { JsonObject } from "#runtime/graph/comfy/comfy-json";
import type { ServiceJobEvent } from "#runtime/protocol/service-events";
import type { ResultFile } from "#runtime/protocol/service-values";
import { nodeOutput, shownTexts } from "./results.ts";

export interface Message {
  readonly type: string;
  readonly data: JsonObject;
}

interface NodeState {
  readonly type: string;
  value: number;
  max: number;
  state: "running" | "finished" | "error";
  readonly files: Pick<ResultFile, "kind" | "place" | "path" | "fps">[];
  readonly texts: string[];
}

export class MessageTranslator {
  readonly #job: string;
  /** Class of a node. */
  readonly #typeOf: (node: string) => string;
  readonly #now: () => number;
  readonly #nodes = new Map<string, NodeState>();
  readonly #executed: string[] = [];
  #current: string | null = null;

  constructor(job: string, typeOf: (node: string) => string, now: () => number = Date.now) {
    this.#job = job;
    this.#typeOf = typeOf;
    this.#now = now;
  }

  /** The node that runs; what a client that comes back is told. */
  get current(): string | null {
    return this.#current;
  }

  translate(event: ServiceJobEvent): readonly Message[] {
    const prompt_id = this.#job;
    switch (event.type) {
      case "job_started":
        return [
          this.#message("execution_start", { timestamp: this.#now() }),
          this.#message("execution_cached", { nodes: event.cached ?? [], timestamp: this.#now() }),
        ];
      case "job_planned":
      case "node_cached":
        return [];
      case "node_started":
        this.#current = event.node;
        this.#nodes.set(event.node, {
          type: this.#typeOf(event.node),
          value: 0,
          max: 1,
          state: "running",
          files: [],
          texts: [],
        });
        return [
          this.#message("executing", { node: event.node, display_node: event.node }),
          this.#progressState(),
        ];
      case "node_progress": {
        const node = this.#nodes.get(event.node);
        if (node !== undefined) {
          node.value = event.value;
          node.max = event.max;
        }
        return [
          this.#message("progress", { value: event.value, max: event.max, node: event.node }),
          this.#progressState(),
        ];
      }
      case "node_result": {
        const node = this.#nodes.get(event.node);
        const { result } = event;
        if (result.kind === "text" || result.kind === "metrics")
          node?.texts.push(...shownTexts(result));
        else node?.files.push(result);
        return [];
      }
      case "node_warning":
        return [];
      case "node_finished":
        return this.#finished(event.node);
      case "job_finished":
        return [
          this.#message("execution_success", { timestamp: this.#now() }),
          { type: "executing", data: { node: null, prompt_id } },
        ];
      case "job_failed":
        return [this.#failed(event), { type: "executing", data: { node: null, prompt_id } }];
      case "job_cancelled":
        return [
          this.#message("execution_interrupted", {
            node_id: this.#current,
            node_type: this.#current === null ? null : this.#typeOf(this.#current),
            executed: [...this.#executed],
            timestamp: this.#now(),
          }),
          { type: "executing", data: { node: null, prompt_id } },
        ];
    }
  }

  #finished(id: string): readonly Message[] {
    this.#executed.push(id);
    const node = this.#nodes.get(id);
    if (node === undefined) return [];
    node.state = "finished";
    node.value = node.max;
    const output = nodeOutput(node.type, node);
    const state = this.#progressState();
    if (Object.keys(output).length === 0) return [state];
    return [state, this.#message("executed", { node: id, display_node: id, output })];
  }

  #failed({ error }: ServiceJobEvent & { type: "job_failed" }): Message {
    const node = error.nodeId ?? this.#current;
    return this.#message("execution_error", {
      node_id: node,
      node_type: node === null ? null : this.#typeOf(node),
      executed: [...this.#executed],
      exception_message: error.message,
      exception_type: error.code,
      traceback: [],
      current_inputs: {},
      current_outputs: [],
      timestamp: this.#now(),
    });
  }

  #progressState(): Message {
    const nodes = [...this.#nodes].map(([id, { value, max, state }]) => [
      id,
      {
        value,
        max,
        state,
        node_id: id,
        prompt_id: this.#job,
        display_node_id: id,
        parent_node_id: null,
        real_node_id: id,
      },
    ]);
    return this.#message("progress_state", { nodes: Object.fromEntries(nodes) as JsonObject });
  }

  #message(type: string, data: JsonObject): Message {
    return { type, data: { ...data, prompt_id: this.#job } };
  }
}
