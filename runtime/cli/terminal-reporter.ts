/** Progress for people: a bar a node on a terminal, plain lines elsewhere, and a table of stages at the end. */
import { relative } from "node:path";
import cliProgress from "cli-progress";
import type { JobEvent } from "#runtime/protocol/events";
import { formatBytes, formatRate, formatSeconds } from "./format-quantity.ts";

/** Milliseconds between lines where no bar can be drawn. */
const PLAIN_INTERVAL = 1000;

export interface Reporter {
  handle(event: JobEvent): void;
}

export function terminalReporter(stream: NodeJS.WriteStream = process.stderr): Reporter {
  const titles = new Map<string, string>();
  let bar: cliProgress.SingleBar | null = null;
  let lastLine = 0;
  const line = (text: string): void => {
    stream.write(`${text}\n`);
  };
  const endBar = (): void => {
    bar?.stop();
    bar = null;
  };

  const progress = (event: JobEvent & { type: "node_progress" }): void => {
    const title = titles.get(event.node) ?? event.node;
    const rate = formatRate(event.secondsPerUnit);
    const left =
      event.value < event.max && event.secondsLeft > 0
        ? `${formatSeconds(event.secondsLeft)} left`
        : "";
    if (!stream.isTTY) {
      const now = performance.now();
      if (event.value < event.max && now - lastLine < PLAIN_INTERVAL) return;
      lastLine = now;
      line(`  ${title} ${event.value}/${event.max} ${rate} ${left}`.trimEnd());
      return;
    }
    if (bar === null) {
      bar = new cliProgress.SingleBar({
        stream,
        format: "  {title} {bar} {value}/{total} {rate} {left}",
        barCompleteChar: "━",
        barIncompleteChar: "─",
        barsize: 30,
        hideCursor: true,
        clearOnComplete: true,
      });
      bar.start(event.max, event.value, { title, rate, left });
    } else bar.update(event.value, { title, rate, left });
  };

  return {
    handle(event) {
      switch (event.type) {
        case "node_started":
          titles.set(event.node, event.title);
          return;
        case "node_progress":
          return progress(event);
        case "node_finished":
          endBar();
          if (!event.cached && event.seconds >= 0.005)
            line(`  ${event.title}: ${formatSeconds(event.seconds)}`);
          return;
        case "node_warning":
          endBar();
          line(`  warning at ${titles.get(event.node) ?? event.node}: ${event.message}`);
          return;
        case "node_result":
          endBar();
          return reportResult(event.result, line);
        case "job_finished":
          endBar();
          line(
            `Done in ${formatSeconds(event.seconds)}, peak memory ${formatBytes(event.peakBytes)} on the device, ${formatBytes(process.resourceUsage().maxRSS * 1024)} in all.`,
          );
          return;
        case "job_failed":
        case "job_cancelled":
          endBar();
          return;
        case "job_started":
        case "node_cached":
        case "node_preview":
          return;
      }
    },
  };
}

function reportResult(
  result: (JobEvent & { type: "node_result" })["result"],
  line: (text: string) => void,
): void {
  if (result.kind === "text") line(`  ${result.text}`);
  else if (result.kind === "metrics") {
    const values = Object.entries(result.values).map(
      ([name, value]) => `${name} ${value.toFixed(4)}`,
    );
    line(`  ${values.join(", ")}`);
  } else if (!result.temporary) {
    const size = `${result.width}x${result.height}${result.frames > 1 ? `, ${result.frames} frames` : ""}`;
    line(`  saved ${relative(process.cwd(), result.path) || result.path} (${size})`);
  }
}
