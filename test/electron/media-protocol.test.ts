import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mediaResponse } from "../../electron/modules/media-protocol.ts";

let root: string;
const folders = () => ({
  output: join(root, "output"),
  temporary: join(root, "temporary"),
  input: join(root, "input"),
});
const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);

const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  mediaResponse(new Request(`umbel-media://${path}`, { headers, method }), folders());

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "umbel-media-"));
  mkdirSync(join(root, "output/a b"), { recursive: true });
  mkdirSync(join(root, "input"));
  writeFileSync(join(root, "output/a b/clip#1.mp4"), bytes);
  writeFileSync(join(root, "output/page.html"), "<script>1</script>");
  writeFileSync(join(root, "output/empty.png"), "");
  writeFileSync(join(root, "secret.png"), "secret");
  symlinkSync(join(root, "secret.png"), join(root, "output/link.png"));
  symlinkSync(root, join(root, "output/up"));
});

afterAll(() => rmSync(root, { recursive: true }));

test("gives a whole file with its type, and forbids to guess another", async () => {
  const response = await get("output/a%20b/clip%231.mp4");
  expect(response.status).toBe(200);
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "accept-ranges": "bytes",
    "access-control-allow-origin": "umbel://app",
    "content-length": "1000",
    "content-security-policy": "default-src 'none'; sandbox",
    "content-type": "video/mp4",
    "x-content-type-options": "nosniff",
  });
});

test("gives a part", async () => {
  const response = await get("output/a%20b/clip%231.mp4", { range: "bytes=10-19" });
  expect(response.status).toBe(206);
  expect(response.headers.get("content-range")).toBe("bytes 10-19/1000");
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes.slice(10, 20));
});

test("says that a part lies behind the end", async () => {
  const response = await get("output/a%20b/clip%231.mp4", { range: "bytes=1000-" });
  expect(response.status).toBe(416);
  expect(response.headers.get("content-range")).toBe("bytes */1000");
});

test("gives empty files and heads without a body", async () => {
  expect((await get("output/empty.png")).headers.get("content-length")).toBe("0");
  const head = await get("output/a%20b/clip%231.mp4", {}, "HEAD");
  expect(head.headers.get("content-length")).toBe("1000");
  expect((await head.arrayBuffer()).byteLength).toBe(0);
});

test.each([
  "output/missing.mp4",
  "output/page.html",
  "output/link.png",
  "output/up/secret.png",
  "output/%2e%2e%2fsecret.png",
  "output/..%5csecret.png",
  "output/a%00.png",
  "output/%ff.png",
  "output/",
  "elsewhere/secret.png",
  "constructor/secret.png",
  "temporary/secret.png",
])("%s is not given", async (path) => {
  const response = await get(path);
  expect(response.status).toBe(404);
  expect((await response.arrayBuffer()).byteLength).toBe(0);
});

test("takes no other method, and gives nothing before the folders are known", async () => {
  expect((await get("output/a%20b/clip%231.mp4", {}, "POST")).status).toBe(405);
  const request = new Request("umbel-media://output/a%20b/clip%231.mp4");
  expect((await mediaResponse(request, null)).status).toBe(404);
});
