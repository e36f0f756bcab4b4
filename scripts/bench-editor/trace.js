// What a CDP trace says of the page's main thread. Times are of its CPU, so that other work on the machine does not count.

const SCRIPT = new Set([
  "FunctionCall",
  "EvaluateScript",
  "EventDispatch",
  "FireAnimationFrame",
  "TimerFire",
  "RunMicrotasks",
  "V8.GC_MC_FOREGROUND",
]);

/** Does something and reads what the page did meanwhile: milliseconds of script in each frame, and of everything in all. */
export async function traced(page, act) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const done = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.start", {
    traceConfig: {
      includedCategories: ["devtools.timeline", "disabled-by-default-devtools.timeline"],
    },
    transferMode: "ReportEvents",
  });
  const result = await act();
  await session.send("Tracing.end");
  await done;
  await session.detach();
  const main = mainThread(events);
  return { result, frames: scriptFrames(main), busy: busyTime(main) };
}

function mainThread(events) {
  const threads = new Map();
  for (const event of events) {
    const thread = `${event.pid} ${event.tid}`;
    const list = threads.get(thread);
    if (list === undefined) threads.set(thread, [event]);
    else list.push(event);
  }
  const main =
    [...threads.values()]
      .filter((list) => list.some(({ name }) => name === "PrePaint"))
      .toSorted((a, b) => b.length - a.length)[0] ?? [];
  return main.filter(({ ph }) => ph === "X" || ph === "I").toSorted((a, b) => a.ts - b.ts);
}

const cpu = ({ tdur, dur = 0 }) => tdur ?? dur;

function scriptFrames(main) {
  const frames = [];
  let end = 0;
  let sum = null;
  for (const event of main) {
    const { name, ts, dur = 0 } = event;
    if (name === "PrePaint") {
      if (sum !== null) frames.push(sum / 1000);
      sum = 0;
    } else if (SCRIPT.has(name) && ts >= end) {
      // Only the outermost: what it calls is within it.
      if (sum !== null) sum += cpu(event);
      end = ts + dur;
    }
  }
  if (sum !== null) frames.push(sum / 1000);
  return frames;
}

function busyTime(main) {
  let sum = 0;
  let end = 0;
  for (const event of main) {
    if (event.ts < end) continue;
    sum += cpu(event);
    end = event.ts + (event.dur ?? 0);
  }
  return sum / 1000;
}

export const at = (values, share) =>
  values.toSorted((a, b) => a - b)[
    Math.min(values.length - 1, Math.floor(values.length * share))
  ] ?? NaN;
