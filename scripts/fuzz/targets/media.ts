import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readEmbeddedGraph } from "#runtime/media/embedded-graph";
import { encodeVideo } from "#runtime/media/encode-video";
import { writeAnimatedWebp, writePng } from "#runtime/media/pictures";
import { readClip } from "#runtime/media/read-clip";
import type { Frames } from "#runtime/sdk/values";
import { mutateBytes } from "../mutate-bytes.ts";
import type { ScratchFolder } from "../scratch-file.ts";
import type { FuzzTarget } from "../target.ts";

const tags = { umbel: '{"umbel":1,"nodes":{},"links":[]}', prompt: "{}" };

/** Reads the frames and the graph of pictures and videos. */
export async function mediaTarget(scratch: ScratchFolder): Promise<FuzzTarget> {
  const seeds = await mediaSeeds(scratch);
  // The first byte of an input is the number of its file name; the name is not damaged.
  const valid = seeds.map(({ bytes }, i) => Buffer.concat([Buffer.of(i), bytes]));
  const files = seeds.map(({ bytes }) => bytes);
  return {
    name: "media",
    share: 2,
    valid,
    mutate: (random) => {
      const i = random.below(files.length);
      const damaged = mutateBytes(files[i] ?? new Uint8Array(), random, files);
      return Buffer.concat([Buffer.of(i), damaged]);
    },
    run: async (input) => {
      const extension = seeds[input[0] ?? 0]?.extension ?? "png";
      const path = scratch.write(`case.${extension}`, input.subarray(1));
      await readEmbeddedGraph(path);
      await readClip(path);
    },
  };
}

export interface MediaSeed {
  readonly extension: string;
  readonly bytes: Uint8Array;
}

export async function mediaSeeds(scratch: ScratchFolder): Promise<MediaSeed[]> {
  const frames = movingSquare(5, 48);
  const made: MediaSeed[] = [];
  const add = async (extension: string, write: (path: string) => Promise<void>) => {
    const path = join(scratch.path, `seed.${extension}`);
    await write(path);
    made.push({ extension, bytes: readFileSync(path) });
  };
  await add("png", (path) => writePng(path, frames, 0, tags));
  await add("webp", (path) =>
    writeAnimatedWebp(path, frames, { fps: 8, lossless: true, quality: 80, effort: 2, tags }),
  );
  await add("mp4", (path) =>
    encodeVideo(path, frames, { container: "mp4", codec: "h264", fps: 8, crf: 20, tags }),
  );
  await add("webm", (path) =>
    encodeVideo(path, frames, { container: "webm", codec: "vp9", fps: 8, crf: 30, tags }),
  );
  return made;
}

function movingSquare(count: number, size: number): Frames {
  const data = new Float32Array(count * size * size * 3);
  for (let i = 0; i < count * size * size; i++) {
    const [frame, y, x] = [Math.floor(i / size / size), Math.floor(i / size) % size, i % size];
    const inside = Math.abs(x - 8 - 6 * frame) < 6 && Math.abs(y - 24) < 6;
    data.set(inside ? [1, 0.2, 0.1] : [x / size, y / size, 0.5], 3 * i);
  }
  return { data, count, height: size, width: size, channels: 3 };
}
