import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readClip } from "#runtime/media/read-clip";
import { encodeVideo } from "#runtime/media/encode-video";
import { writeAnimatedWebp, writePng } from "#runtime/media/pictures";
import { psnr, psnrPerFrame } from "#runtime/media/psnr";
import { ssimPerFrame } from "#runtime/media/ssim";
import type { Frames } from "#runtime/sdk/values";
import { contract } from "#runtime/protocol/contract";
import { libraryHandlers } from "#runtime/service/library/handlers";
import type { LibraryHandlers } from "#runtime/service/library/methods";
import { testContext, type TestLibrary } from "../../../helpers/library.ts";

let library: TestLibrary;
let calls: LibraryHandlers & AsyncDisposable;

/** A moving gradient; `shade` changes it a little. */
function clip(count: number, width: number, height: number, shade = 0): Frames {
  const data = new Float32Array(count * width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / 3);
    const frame = Math.floor(pixel / (width * height));
    data[i] = ((pixel % width) / width) * 0.5 + 0.2 + 0.02 * Math.sin(frame + pixel / 50) + shade;
  }
  return { data, count, width, height, channels: 3 };
}

const output = (name: string) => ({ place: "output" as const, path: name });
async function save(name: string, frames: Frames): Promise<void> {
  const path = join(library.folder, "output", name);
  mkdirSync(join(path, ".."), { recursive: true });
  if (name.endsWith(".webp")) {
    const encoding = { fps: 16, lossless: true, quality: 100, effort: 0, tags: {} };
    await writeAnimatedWebp(path, frames, encoding);
  } else if (name.endsWith(".png")) await writePng(path, frames, 0, {});
  else
    await encodeVideo(path, frames, {
      fps: 16,
      container: name.endsWith("webm") ? "webm" : "mp4",
      codec: name.endsWith("webm") ? "vp9" : "h264",
      crf: 20,
      tags: {},
    });
}

beforeAll(async () => {
  library = await testContext();
  calls = libraryHandlers(library.context);
  await save("sub/a.mp4", clip(9, 64, 48));
  await save("b.mp4", clip(9, 64, 48, 0.05));
  await save("c.webm", clip(9, 64, 48, 0.05));
  await save("d.webp", clip(9, 64, 48));
  await save("wide.mp4", clip(9, 80, 48));
  await save("short.mp4", clip(5, 64, 48));
});
afterAll(async () => {
  await calls[Symbol.asyncDispose]();
});

describe("results.compare", () => {
  it.each([
    ["sub/a.mp4", "b.mp4"],
    ["sub/a.mp4", "c.webm"],
    ["d.webp", "b.mp4"],
  ])("%s against %s is what whole clips give", async (a, b) => {
    const found = await calls["results.compare"]({ a: output(a), b: output(b) });
    expect(contract["results.compare"].result.parse(found)).toEqual(found);
    const [first, second] = await Promise.all(
      [a, b].map(async (name) => (await readClip(join(library.folder, "output", name))).frames),
    );
    if (first === undefined || second === undefined) throw new Error("two clips");
    expect(found.frames).toBe(9);
    expect(found.psnrByFrame).toEqual(psnrPerFrame(first, second));
    expect(found.ssimByFrame).toEqual(ssimPerFrame(first, second));
    expect(found.psnr).toBeCloseTo(psnr(first, second), 9);
    expect(found.psnr).toBeGreaterThan(20);
    expect(found.psnr).toBeLessThan(35);
  });

  it("finds a clip equal to itself", async () => {
    const a = output("sub/a.mp4");
    expect(await calls["results.compare"]({ a, b: a })).toEqual({
      frames: 9,
      psnr: null,
      ssim: 1,
      psnrByFrame: Array<null>(9).fill(null),
      ssimByFrame: Array<number>(9).fill(1),
    });
  });

  it.each([
    ["wide.mp4", "ERR_SHAPE", "got 64x48 and 80x48"],
    ["short.mp4", "ERR_SHAPE", "got 9 and 5 frames"],
    ["gone.mp4", "ERR_FILE", "It was moved or deleted"],
    ["../input/x.mp4", "ERR_FILE", "inside of the folder"],
    ["leak.mp4", "ERR_FILE", "a link that leads out of it"],
    ["notes.txt", "ERR_MEDIA", "Expected a picture or clip"],
    ["broken.mp4", "ERR_MEDIA", "Expected a video"],
  ])("says why %s cannot be compared", async (name, code, words) => {
    const folder = join(library.folder, "output");
    if (name === "leak.mp4") symlinkSync(join(library.folder, "outside.mp4"), join(folder, name));
    writeFileSync(join(library.folder, "outside.mp4"), "");
    writeFileSync(join(folder, "notes.txt"), "");
    writeFileSync(join(folder, "broken.mp4"), "nonsense");
    await expect(
      calls["results.compare"]({ a: output("sub/a.mp4"), b: output(name) }),
    ).rejects.toMatchObject({ code, message: expect.stringContaining(words) as string });
  });

  it("ends when it is not wanted any more, and serves the next", async () => {
    await save("long.mp4", clip(30, 320, 240));
    await save("long2.mp4", clip(30, 320, 240, 0.01));
    const request = { a: output("long.mp4"), b: output("long2.mp4") };
    const start = performance.now();
    await expect(calls["results.compare"](request, AbortSignal.timeout(300))).rejects.toMatchObject(
      { code: "ERR_INTERRUPTED" },
    );
    expect(performance.now() - start).toBeLessThan(5000);
    const found = await calls["results.compare"]({ a: output("b.mp4"), b: output("d.webp") });
    expect(found.frames).toBe(9);
  });
});
