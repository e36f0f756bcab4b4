/** Files that are no graphs, or graphs in odd clothes: opened, or refused with words that say what came. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openGraphBytes } from "#runtime/engine/open-graph";
import { encodeVideo } from "#runtime/media/encode-video";
import { writePng } from "#runtime/media/pictures";
import { NO_FACTS } from "#runtime/graph/comfy/node-facts";
import { scratchFolder } from "../../helpers/umbel-process.ts";

const open = (bytes: Buffer | string, name = "a.json") =>
  openGraphBytes(name, Buffer.from(bytes as string), NO_FACTS);
const GRAPH = '{"nodes":[{"id":1,"type":"Some","widgets_values":[1]}],"links":[]}';

describe("what opens", () => {
  it.each([
    ["a mark of UTF-8", Buffer.from(`\uFEFF${GRAPH}`)],
    ["UTF-16, as Windows writes it", Buffer.from(`\uFEFF${GRAPH}`, "utf16le")],
    ["UTF-16 the other way round", Buffer.from(`\uFEFF${GRAPH}`, "utf16le").swap16()],
    ["Python's numbers", GRAPH.replace("[1]", '[NaN, -Infinity, "NaN"]')],
    ["lists that hold something else", '{"nodes":[null,7,{"type":"Some"}],"links":[5,null,[1]]}'],
    ["a prompt with Python's numbers", '{"1":{"class_type":"Some","is_changed":[NaN]}}'],
  ])("%s", async (_name, bytes) => {
    const { document } = await open(bytes);
    expect(Object.values(document.nodes).map(({ type }) => type)).toEqual(["Some"]);
  });
});

describe("graphs in results", () => {
  const seed = "18446744073709551615";
  const workflow = `{"nodes":[{"id":1,"type":"Some","widgets_values":[${seed}]}],"links":[]}`;
  const prompt = '{"2":{"class_type":"Other","inputs":{}}}';
  const frames = { data: new Float32Array(2 * 64 * 64 * 3), count: 2, width: 64, height: 64 };
  const types = async (name: string, bytes: Buffer): Promise<string[]> => {
    const { document } = await open(bytes, name);
    return Object.values(document.nodes).map(({ type }) => type);
  };

  it.each([
    ["mp4", "h264"],
    ["webm", "vp9"],
  ] as const)("a comment of a clip holds both forms: %s", async (container, codec) => {
    const path = join(scratchFolder(), `clip.${container}`);
    const comments = [
      [`{"prompt":${JSON.stringify(prompt)},"workflow":${workflow}}`, "Some"],
      [`{"prompt":${JSON.stringify(prompt)}}`, "Other"],
    ];
    for (const [comment = "", type] of comments) {
      const tags = { comment };
      const encoding = { container, codec, fps: 8, crf: 30, tags };
      await encodeVideo(path, { ...frames, channels: 3 }, encoding);
      expect(await types(path, readFileSync(path))).toEqual([type]);
    }
    await encodeVideo(
      path,
      { ...frames, channels: 3 },
      {
        container,
        codec,
        fps: 8,
        crf: 30,
        tags: { comment: "made by hand" },
      },
    );
    await expect(open(readFileSync(path), path)).rejects.toThrow("Expected a graph embedded in");
  });

  it("an animated picture has them in a chunk of its own", async () => {
    const path = join(scratchFolder(), "a.png");
    await writePng(path, { ...frames, channels: 3 }, 0, { prompt });
    const bytes = readFileSync(path).toString("latin1").replace("tEXt", "comf");
    expect(await types("a.png", Buffer.from(bytes, "latin1"))).toEqual(["Other"]);
  });

  it("sounds have them among their tags", async () => {
    const u32 = (value: number): Buffer => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value);
      return bytes;
    };
    const tag = Buffer.from(`WORKFLOW=${workflow}`);
    const comments = Buffer.concat([u32(4), Buffer.from("some"), u32(1), u32(tag.length), tag]);
    const block = (type: number, data: Buffer): Buffer =>
      Buffer.concat([Buffer.from([type, data.length >> 16, data.length >> 8, data.length]), data]);
    const info = Buffer.from("10001000000000000000" + "0ac442f000000001" + "00".repeat(16), "hex");
    const flac = [Buffer.from("fLaC"), block(0, info), block(0x84, comments), Buffer.alloc(64)];
    expect(await types("a.flac", Buffer.concat(flac))).toEqual(["Some"]);
    const text = Buffer.from(`\0workflow\0${workflow}`);
    const head = (name: string, size: number, more: number[]): Buffer =>
      Buffer.from([...Buffer.from(name), ...more.slice(0, 3), 0, 0, size >> 7, size & 127]);
    const frame = Buffer.concat([
      Buffer.from("TXXX"),
      Buffer.from([0, 0, text.length >> 8, text.length & 255, 0, 0]),
      text,
    ]);
    const sound = Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0]), Buffer.alloc(413)]);
    const mp3 = [head("ID3", frame.length, [3, 0, 0]), frame, sound, sound, sound];
    expect(await types("a.mp3", Buffer.concat(mp3))).toEqual(["Some"]);
  });
});

describe("what does not", () => {
  it.each([
    ["nothing", "", "Expected a graph as JSON, got text that is not"],
    ["a file that was cut off", GRAPH.slice(0, 30), "Expected a graph as JSON, got text that"],
    ["bytes", Buffer.from([0x80, 0x81, 0x82]), "Expected a graph as JSON, got text that is not"],
    ["a list", "[1]", "Expected a document as a JSON object, got an array"],
    ["an object of something else", '{"a":1,"b":2}', "got an object with keys a, b."],
    ["nodes that are no list", '{"nodes":{"1":{}}}', "got an object with keys nodes."],
    ["the body of a request", '{"prompt":{},"client_id":"a"}', "got an object with keys prompt"],
    ["a document of a later version", '{"umbel":99,"nodes":{}}', "update to open it"],
    ["a document of another form", '{"umbel":1,"nodes":[]}', "problem(s) of form:\n  nodes:"],
    ["endless nesting", `{"a":${"[".repeat(9000)}${"]".repeat(9000)}}`, "at most"],
  ])("%s", async (_name, bytes, words) => {
    const error: unknown = await open(bytes).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "ERR_DOCUMENT" });
    expect((error as Error).message).toContain(words);
  });

  it("says which forms there are", async () => {
    await expect(open('{"a":1}')).rejects.toThrow(
      'Expected an Umbel document (with "umbel") or a ComfyUI workflow (with "nodes", or nodes that have a class_type), got an object with keys a.',
    );
  });
});
