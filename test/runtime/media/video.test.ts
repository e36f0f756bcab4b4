import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { decodeVideo } from "#runtime/media/decode-video";
import { readEmbeddedGraph } from "#runtime/media/embedded-graph";
import { encodeVideo } from "#runtime/media/encode-video";
import { readPicture, writeAnimatedWebp, writePng } from "#runtime/media/pictures";
import type { Frames } from "#runtime/sdk/values";

const folder = mkdtempSync(join(tmpdir(), "umbel-media-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A gradient that moves, with a disc; smooth enough that chroma subsampling costs little. */
function movingGradient(count: number, width: number, height: number): Frames {
  const data = new Float32Array(count * height * width * 3);
  let at = 0;
  for (let f = 0; f < count; f++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const edge = Math.hypot(x - width / 3 - 3 * f, y - height / 2) - height / 5;
        const disc = 1 / (1 + Math.exp(edge));
        data[at++] = 0.2 + 0.6 * disc;
        data[at++] = (0.5 * y) / height + 0.2 * disc;
        data[at++] = 0.3 + (0.4 * x) / width - 0.2 * disc;
      }
    }
  }
  return { data, count, height, width, channels: 3 };
}

function psnr(a: Frames, b: Frames): number {
  expect([b.count, b.height, b.width]).toEqual([a.count, a.height, a.width]);
  let sum = 0;
  for (let i = 0; i < a.data.length; i++)
    sum += ((a.data[i] as number) - (b.data[i] as number)) ** 2;
  return -10 * Math.log10(sum / a.data.length);
}

const tags = {
  umbel: JSON.stringify({ umbel: 1, title: 'Schöner Clip 🎬 "quoted"', pad: "x".repeat(200_000) }),
  prompt: JSON.stringify({ "1": { class_type: "Ünïcode", inputs: {} } }),
};

describe("video files", () => {
  it.each([
    ["mp4", "h264", 24],
    ["mp4", "h264", 29.97],
    ["webm", "vp9", 16],
    ["webm", "av1", 16],
  ] as const)(
    "%s %s at %s fps comes back as it went, with its graph",
    async (container, codec, fps) => {
      const frames = movingGradient(9, 96, 64);
      const path = join(folder, `a-${codec}-${fps}.${container}`);
      await encodeVideo(path, frames, { container, codec, fps, crf: 12, tags });
      const back = await decodeVideo(path);
      expect(back.fps).toBe(fps);
      expect(psnr(frames, back.frames)).toBeGreaterThan(38);
      const found = await readEmbeddedGraph(path);
      expect(JSON.parse(found["umbel"] ?? "")).toEqual(JSON.parse(tags.umbel));
      expect(JSON.parse(found["prompt"] ?? "")).toEqual(JSON.parse(tags.prompt));
    },
  );

  it("is tagged BT.709, limited range", async () => {
    const path = join(folder, "tagged.mp4");
    await encodeVideo(path, movingGradient(2, 64, 64), {
      container: "mp4",
      codec: "h264",
      fps: 8,
      crf: 20,
      tags: {},
    });
    const bytes = readFileSync(path);
    const at = bytes.indexOf("colrnclx", 0, "latin1");
    expect(at).toBeGreaterThan(0);
    expect([...bytes.subarray(at + 8, at + 15)]).toEqual([0, 1, 0, 1, 0, 1, 0]);
  });

  it("pads odd sizes to even, and takes a single frame", async () => {
    const path = join(folder, "odd.mp4");
    await encodeVideo(path, movingGradient(1, 65, 33), {
      container: "mp4",
      codec: "h264",
      fps: 16,
      crf: 12,
      tags: {},
    });
    const { frames } = await decodeVideo(path);
    expect([frames.count, frames.height, frames.width]).toEqual([1, 34, 66]);
  });

  it("stops when cancelled", async () => {
    const controller = new AbortController();
    const encoding = {
      container: "mp4",
      codec: "h264",
      fps: 16,
      crf: 20,
      tags: {},
      signal: controller.signal,
      onFrame: (done: number) => done === 3 && controller.abort(),
    } as const;
    await expect(
      encodeVideo(join(folder, "c.mp4"), movingGradient(20, 64, 64), encoding),
    ).rejects.toMatchObject({
      code: "ERR_INTERRUPTED",
    });
  });

  it.each([
    ["empty", Buffer.alloc(0)],
    ["html", Buffer.from("<!doctype html><html>")],
    ["zeros", Buffer.alloc(5000)],
  ])("refuses %s bytes in words", async (name, bytes) => {
    for (const extension of ["mp4", "webm", "webp", "png"]) {
      const path = join(folder, `bad-${name}.${extension}`);
      writeFileSync(path, bytes);
      await expect(decodeVideo(path)).rejects.toMatchObject({ code: "ERR_MEDIA" });
      await expect(readPicture(path)).rejects.toMatchObject({ code: "ERR_MEDIA" });
      await expect(readEmbeddedGraph(path)).rejects.toMatchObject({ code: "ERR_MEDIA" });
    }
  });

  it("survives a file cut off anywhere", async () => {
    const whole = join(folder, "whole.mp4");
    await encodeVideo(whole, movingGradient(4, 64, 64), {
      container: "mp4",
      codec: "h264",
      fps: 16,
      crf: 20,
      tags,
    });
    const bytes = readFileSync(whole);
    for (let i = 1; i < 20; i++) {
      const path = join(folder, "cut.mp4");
      writeFileSync(path, bytes.subarray(0, Math.floor((bytes.length * i) / 20)));
      await decodeVideo(path).catch((error: unknown) =>
        expect(error).toMatchObject({ code: "ERR_MEDIA" }),
      );
    }
  });
});

describe("pictures", () => {
  it("PNG is exact to a byte and carries the graph", async () => {
    const frames = movingGradient(2, 33, 17);
    const path = join(folder, "p.png");
    await writePng(path, frames, 1, tags);
    const { frames: back, mask, fps } = await readPicture(path);
    const second = { ...frames, data: frames.data.slice(frames.data.length / 2), count: 1 };
    expect(psnr(second, back)).toBeGreaterThan(55);
    expect([mask, fps]).toEqual([null, null]);
    expect(JSON.parse((await readEmbeddedGraph(path))["umbel"] ?? "")).toEqual(
      JSON.parse(tags.umbel),
    );
  });

  it("animated WebP keeps frames, rate and graph", async () => {
    const frames = movingGradient(12, 48, 32);
    const path = join(folder, "a.webp");
    await writeAnimatedWebp(path, frames, {
      fps: 24,
      lossless: true,
      quality: 80,
      effort: 2,
      tags,
    });
    const back = await readPicture(path);
    expect(psnr(frames, back.frames)).toBeGreaterThan(55);
    expect(back.fps).toBeCloseTo(24, 0);
    expect(JSON.parse((await readEmbeddedGraph(path))["prompt"] ?? "")).toEqual(
      JSON.parse(tags.prompt),
    );
  });

  it("leaves no other file beside the results", () => {
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });
});
