import { PassThrough } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { terminalReporter } from "#runtime/cli/terminal-reporter";
import type { JobEvent, NodeReport } from "#runtime/protocol/events";

function stream(isTTY: boolean) {
  const through = new PassThrough();
  let text = "";
  through.on("data", (data: Buffer) => (text += data.toString()));
  const stream = Object.assign(through, { isTTY, columns: 100 }) as unknown as NodeJS.WriteStream;
  return { stream, text: () => text };
}

const report = (title: string, seconds: number, node = title): NodeReport => ({
  node,
  nodeType: title,
  title,
  seconds,
  peakBytes: 3 * 2 ** 20,
  cached: false,
});
const started = (node: string): JobEvent => ({ type: "node_started", job: "a", node, title: node });
const step = (value: number, max: number): JobEvent => ({
  type: "node_progress",
  job: "a",
  node: "Sampler",
  value,
  max,
  secondsPerUnit: 2.5,
  secondsLeft: (max - value) * 2.5,
});
const finished: JobEvent = {
  type: "job_finished",
  job: "a",
  seconds: 80,
  peakBytes: 2 ** 30,
  nodes: [report("Sampler", 75), report("Decode", 4.8), report("Size", 0.1), report("Load", 0.1)],
};
const saved: JobEvent = {
  type: "node_result",
  job: "a",
  node: "save",
  result: {
    kind: "video",
    path: "/somewhere/clip.mp4",
    temporary: false,
    width: 64,
    height: 48,
    frames: 33,
    fps: 16,
  },
};

describe("progress without a terminal", () => {
  it("is at most one line a second, and a table at the end", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const [errors, output] = [stream(false), stream(false)];
    const reporter = terminalReporter(errors.stream, output.stream);
    reporter.handle(started("Sampler"));
    for (let value = 0; value <= 100; value++) {
      reporter.handle(step(value, 100));
      vi.advanceTimersByTime(99);
    }
    reporter.handle({ type: "node_finished", job: "a", ...report("Sampler", 75) });
    const lines = errors.text().trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(8);
    expect(lines.length).toBeLessThanOrEqual(11);
    expect(lines[0]).toBe("  Sampler 1/100 2.50 s/it 4m 8s left");
    expect(lines.at(-1)).toBe("  Sampler: 75 s");
    reporter.handle(saved);
    reporter.handle(finished);
    const rows = output.text().split("\n");
    expect(rows.slice(0, 8)).toEqual([
      "",
      "  stage       time  share  device memory",
      "  ────────  ──────  ─────  ─────────────",
      "  Sampler     75 s   94 %        3.0 MiB",
      "  Decode     4.8 s    6 %        3.0 MiB",
      "  2 others  0.20 s    0 %        3.0 MiB",
      "  ────────  ──────  ─────  ─────────────",
      "  all         80 s              1.00 GiB",
    ]);
    expect(rows[8]).toMatch(/^ {2}peak memory of the process [\d.]+ [MG]iB$/);
    expect(rows.slice(9)).toEqual([
      "",
      "  saved /somewhere/clip.mp4 (64x48, 33 frames at 16 fps, 2.1 s)",
      "",
    ]);
    vi.useRealTimers();
  });
});

describe("the outcome", () => {
  it("tells nodes of one title apart, and says whose a figure is", () => {
    const output = stream(false);
    const reporter = terminalReporter(stream(false).stream, output.stream);
    const values = { psnr: 31.25 };
    reporter.handle(started("compare"));
    reporter.handle({
      type: "node_result",
      job: "a",
      node: "compare",
      result: { kind: "metrics", values },
    });
    const nodes = [report("Sampler", 40, "first"), report("Sampler", 40, "second")];
    reporter.handle({ ...finished, nodes } as JobEvent);
    expect(output.text()).toContain("  compare: psnr 31.2500\n");
    expect(output.text()).toContain("  Sampler (first)   40 s   50 %        3.0 MiB\n");
    expect(output.text()).toContain("  Sampler (second)  40 s   50 %        3.0 MiB\n");
  });
});

describe("progress on a terminal", () => {
  it("is a bar with seconds a step and time left, which goes away", () => {
    vi.useFakeTimers();
    const [errors, output] = [stream(true), stream(true)];
    const reporter = terminalReporter(errors.stream, output.stream);
    reporter.handle(started("Sampler"));
    reporter.handle(step(0, 4));
    reporter.handle(step(3, 4));
    vi.advanceTimersByTime(500);
    expect(errors.text()).toContain(
      `  Sampler ${"━".repeat(23)}${"─".repeat(7)} 3/4 2.50 s/it  2.5 s left`,
    );
    reporter.handle({ type: "node_warning", job: "a", node: "Sampler", message: "mind the gap" });
    expect(errors.text()).toContain("  warning at Sampler: mind the gap\n");
    reporter.handle(saved);
    reporter.handle({ type: "job_cancelled", job: "a" });
    expect(output.text()).toBe("  saved /somewhere/clip.mp4 (64x48, 33 frames at 16 fps, 2.1 s)\n");
    const hide = "\u001b[?25l";
    const show = "\u001b[?25h";
    expect(errors.text().lastIndexOf(show)).toBeGreaterThan(errors.text().lastIndexOf(hide));
    vi.useRealTimers();
  });
});
