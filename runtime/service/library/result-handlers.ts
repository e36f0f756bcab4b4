/** Calls about result files. */
import { fileFingerprint } from "#runtime/media/read-clip";
import { UmbelError } from "#runtime/errors";
import type { Comparison, ResultFile } from "#runtime/protocol/service-values";
import type { LibraryContext } from "./context.ts";
import type { LibraryHandlers } from "./methods.ts";
import { RecentValues } from "./recent-values.ts";
import type { TaskThread } from "./task-thread.ts";

const KEPT = 200;

export function resultHandlers(
  context: LibraryContext,
  thread: TaskThread,
): Pick<LibraryHandlers, "results.compare"> {
  const known = new RecentValues<Comparison>(KEPT);
  return {
    "results.compare": async ({ a, b }, signal) => {
      const [first, second] = await Promise.all([resultPath(context, a), resultPath(context, b)]);
      const key = [first, second].map((path) => `${path} ${fileFingerprint(path)}`).join(" ");
      const found = known.get(key);
      if (found !== undefined) return found;
      const wanted = signal ?? new AbortController().signal;
      const made = await thread.run("compare", { a: first, b: second }, wanted);
      return known.set(key, {
        frames: made.frames,
        psnr: finite(made.psnr),
        ssim: made.ssim,
        psnrByFrame: made.psnrByFrame.map(finite),
        ssimByFrame: [...made.ssimByFrame],
      });
    },
  };
}

/** Equal frames have no PSNR. */
function finite(decibels: number): number | null {
  return Number.isFinite(decibels) ? decibels : null;
}

async function resultPath(
  context: LibraryContext,
  file: Pick<ResultFile, "place" | "path">,
): Promise<string> {
  const real = await context.findResult(file);
  if (/\.(mp4|mov|webm|webp|png)$/i.test(real)) return real;
  throw new UmbelError("ERR_MEDIA", `Expected a picture or clip, got "${file.path}".`);
}
