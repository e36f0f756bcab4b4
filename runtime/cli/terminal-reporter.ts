/** Progress for people: a bar a node on a terminal, a line a second elsewhere, and a table of stages at the end. */
import cliProgress from "cli-progress";
import type { JobEvent, ResultMessage } from "#runtime/protocol/events";
import { formatRate, formatSeconds } from "./format-quantity.ts";
import { memoryPlan } from "./memory-plan.ts";
import { savedLines, stageTable } from "./run-summary.ts";

/** Milliseconds between lines where no bar can be drawn. */
const PLAIN_INTERVAL = 1000;

export interface Reporter extends Disposable {
  handle(event: JobEvent): void;
}

interface Progress {
  readonly title: string;
  readonly value: number;
  readonly max: number;
  readonly rate: string;
  readonly left: string;
}

/** Progress goes to `stream`, the outcome to `outcome`. */
export function terminalReporter(
  stream: NodeJS.WriteStream = process.stderr,
  outcome: NodeJS.WriteStream = process.stdout,
): Reporter {
  const titles = new Map<string, string>();
  const files: (ResultMessage & { kind: "image" | "video" })[] = [];
  const shown = stream.isTTY ? bars(stream) : plainLines(stream);

  const say = (text: string): void => {
    shown.end();
    outcome.write(`  ${text}\n`);
  };
  const result = (node: string, event: ResultMessage): void => {
    const title = titles.get(node) ?? node;
    if (event.kind === "text") say(`${title}: ${event.text}`);
    else if (event.kind === "metrics") say(`${title}: ${metricsLine(event.values)}`);
    else files.push(event);
  };
  const end = (lines: readonly string[]): void => {
    shown.end();
    for (const line of lines) outcome.write(line === "" ? "\n" : `  ${line}\n`);
  };

  return {
    handle(event) {
      switch (event.type) {
        case "node_started":
          titles.set(event.node, event.title);
          return shown.update({ title: event.title, value: 0, max: 1, rate: "", left: "" });
        case "node_progress": {
          const { value, max } = event;
          const left =
            value < max && event.secondsLeft > 0 ? `${formatSeconds(event.secondsLeft)} left` : "";
          const title = titles.get(event.node) ?? event.node;
          const rate = formatRate(event.secondsPerUnit);
          return shown.update({ title, value, max, rate, left });
        }
        case "node_warning":
          return shown.note(`warning at ${titles.get(event.node) ?? event.node}: ${event.message}`);
        case "node_result":
          return result(event.node, event.result);
        case "node_finished":
          return shown.end(event.cached ? undefined : event);
        case "job_finished": {
          const processBytes = process.resourceUsage().maxRSS * 1024;
          return end(["", ...stageTable(event, processBytes), "", ...savedLines(files)]);
        }
        case "job_failed":
        case "job_cancelled":
          return end(savedLines(files));
        case "job_planned":
          return memoryPlan(event).forEach((line) => shown.note(line));
        case "job_started":
        case "node_cached":
        case "node_preview":
          return;
      }
    },
    [Symbol.dispose]: () => shown.end(),
  };
}

interface Shown {
  update(progress: Progress): void;
  note(text: string): void;
  /** The node is done. */
  end(finished?: { readonly title: string; readonly seconds: number }): void;
}

function bars(stream: NodeJS.WriteStream): Shown {
  let bar: cliProgress.SingleBar | null = null;
  const end = (): void => {
    bar?.stop();
    bar = null;
  };
  return {
    update({ value, max, ...fields }) {
      if (bar === null) {
        bar = new cliProgress.SingleBar({
          stream,
          format: "  {title} {bar} {count} {rate}  {left}",
          barCompleteChar: "━",
          barIncompleteChar: "─",
          barsize: 30,
          hideCursor: true,
          clearOnComplete: true,
        });
        bar.start(max, value, { ...fields, count: "" });
        return;
      }
      bar.setTotal(max);
      bar.update(value, { ...fields, count: `${value}/${max}` });
    },
    note(text) {
      end();
      stream.write(`  ${text}\n`);
    },
    end,
  };
}

function plainLines(stream: NodeJS.WriteStream): Shown {
  let last = -Infinity;
  const line = (text: string): void => {
    last = performance.now();
    stream.write(`  ${text.trimEnd()}\n`);
  };
  return {
    update({ title, value, max, rate, left }) {
      if (value === 0 || value >= max || performance.now() - last < PLAIN_INTERVAL) return;
      line(`${title} ${value}/${max} ${rate} ${left}`);
    },
    note: (text) => stream.write(`  ${text}\n`),
    end(finished) {
      if (finished === undefined || finished.seconds < PLAIN_INTERVAL / 1000) return;
      line(`${finished.title}: ${formatSeconds(finished.seconds)}`);
    },
  };
}

function metricsLine(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value.toFixed(4)}`)
    .join(", ");
}
