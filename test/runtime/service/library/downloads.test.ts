import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Download } from "#runtime/protocol/service-values";
import { contract } from "#runtime/protocol/contract";
import { libraryHandlers } from "#runtime/service/library/handlers";
import type { LibraryHandlers } from "#runtime/service/library/methods";
import { hostFile, type FileHost, type Hosted } from "../../../helpers/file-host.ts";
import { testContext, type TestLibrary } from "../../../helpers/library.ts";
import { safetensorsBytes } from "../../../helpers/safetensors-bytes.ts";
import { filesOf, scratchFolder } from "../../../helpers/umbel-process.ts";

const TIMES = { retryMs: 5, attempts: 4, stallMs: 5000, reportMs: 0 };
const SIZE = 400_000;

/** A safetensors file of many bytes, no two alike. */
function model(seed = 0, size = SIZE): Buffer {
  const data = Buffer.alloc(size);
  for (let i = 0; i < size; i += 4) data.writeUInt32LE(Math.imul(i + seed, 2654435761) >>> 0, i);
  const x = { dtype: "U8", shape: [size], data_offsets: [0, size] };
  return safetensorsBytes({ x }, data);
}
const MODEL = model();
const sha = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

interface Setup {
  readonly host: FileHost;
  readonly library: TestLibrary;
  readonly calls: LibraryHandlers & AsyncDisposable;
}
const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).toReversed()) await thing[Symbol.asyncDispose]();
});

async function setUp(parts: Partial<Hosted> = {}, times = {}): Promise<Setup> {
  const host = await hostFile({ bytes: MODEL, ...parts });
  const library = await testContext({ downloadTimes: { ...TIMES, ...times } });
  const calls = libraryHandlers(library.context);
  open.push(host, calls);
  host.file.beforeCut = async (place) => {
    for (let round = 0; round < 500; round++) {
      const found = await calls["models.downloads"]({});
      if (found.some(({ received }) => received >= place)) return;
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
  };
  return { host, library, calls };
}

async function ended(calls: LibraryHandlers, id: string): Promise<Download> {
  for (let round = 0; round < 1000; round++) {
    const found = (await calls["models.downloads"]({})).find((download) => download.id === id);
    if (found?.state !== "running") return found as Download;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("the download does not end");
}

async function reached(calls: LibraryHandlers, id: string, bytes: number): Promise<void> {
  for (let round = 0; round < 1000; round++) {
    const found = (await calls["models.downloads"]({})).find((download) => download.id === id);
    if ((found?.received ?? 0) >= bytes) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error("the download does not move");
}

const request = (host: FileHost, parts: object = {}) => ({
  url: `${host.origin}/a.safetensors`,
  folder: "loras",
  name: "a.safetensors",
  sha256: null,
  ...parts,
});

async function download(setup: Setup, parts: object = {}): Promise<Download> {
  const { id } = await setup.calls["models.download"](request(setup.host, parts));
  return ended(setup.calls, id);
}

const placed = ({ library }: Setup, name = "a.safetensors"): Buffer =>
  readFileSync(join(library.folder, "models/loras", name));
const loras = ({ library }: Setup): string[] => filesOf(join(library.folder, "models/loras"));
const ranges = ({ host }: Setup): (string | undefined)[] =>
  host.requests.filter(({ method }) => method === "GET").map(({ headers }) => headers.range);

describe("models.probe", () => {
  it("says host, name and size without fetching", async () => {
    const { host, calls } = await setUp();
    host.redirects.set("/model", "/dir/real%20name.safetensors?sign=1");
    const probe = await calls["models.probe"]({ url: `${host.origin}/model` });
    expect(contract["models.probe"].result.parse(probe)).toEqual(probe);
    expect(probe).toEqual({ host: new URL(host.origin).host, name: "model", bytes: MODEL.length });
    expect(host.requests.every(({ method }) => method === "HEAD")).toBe(true);
    host.file.disposition = `attachment; filename*=UTF-8''w%C3%A4n.safetensors; filename="w.safetensors"`;
    expect((await calls["models.probe"]({ url: `${host.origin}/x` })).name).toBe("wän.safetensors");
    host.file.disposition = 'attachment; filename="../../etc/cron"';
    expect((await calls["models.probe"]({ url: `${host.origin}/x` })).name).toBe("cron");
    host.file.refuseHead = true;
    expect((await calls["models.probe"]({ url: `${host.origin}/a%20b.gguf` })).bytes).toBe(
      MODEL.length,
    );
    host.file.ranges = false;
    host.file.length = false;
    expect((await calls["models.probe"]({ url: `${host.origin}/a` })).bytes).toBeNull();
  });

  it.each([
    ["file:///etc/passwd", "ERR_INVALID_ARGUMENT"],
    ["ftp://example.org/a", "ERR_INVALID_ARGUMENT"],
    ["https://user:secret@example.org/a", "ERR_INVALID_ARGUMENT"],
    ["//example.org", "ERR_INVALID_ARGUMENT"],
    ["", "ERR_INVALID_ARGUMENT"],
    ["http://127.0.0.1:9/a", "ERR_DOWNLOAD"],
  ])("refuses %s", async (url, code) => {
    const { calls } = await setUp();
    await expect(calls["models.probe"]({ url })).rejects.toMatchObject({ code });
  });

  it("says what a host answers instead of a file", async () => {
    const { host, calls } = await setUp({ statuses: [403, 403, 404, 404] });
    const url = `${host.origin}/a`;
    await expect(calls["models.probe"]({ url })).rejects.toThrow("wants a login");
    await expect(calls["models.probe"]({ url })).rejects.toThrow("There is no such file");
    host.file.type = "text/html; charset=utf-8";
    await expect(calls["models.probe"]({ url })).rejects.toThrow("got a web page");
  });
});

describe("models.download", () => {
  it("brings a file whole, into its folder, and tells how far it is", async () => {
    const setup = await setUp();
    const found = await download(setup, {
      sha256: sha(MODEL).toUpperCase(),
      name: "sub\\a.safetensors",
    });
    expect(found).toMatchObject({
      state: "done",
      name: "sub/a.safetensors",
      received: MODEL.length,
      total: MODEL.length,
      error: null,
    });
    expect(placed(setup, "sub/a.safetensors").equals(MODEL)).toBe(true);
    expect(loras(setup)).toEqual(["a.safetensors"]);
    const events = setup.library.events.filter((event) => event.type === "download");
    const received = events.map((event) => event.download.received);
    expect(received).toEqual(received.toSorted((a, b) => a - b));
    expect(events.length).toBeGreaterThan(3);
    expect(setup.library.events).toContainEqual({ type: "models" });
    expect(await setup.calls["files.list"]({ folder: "loras" })).toContain("sub/a.safetensors");
    // What is there is not fetched over again.
    await expect(
      setup.calls["models.download"](request(setup.host, { name: "sub/a.safetensors" })),
    ).rejects.toThrow("which is there already");
  });

  it("goes on after cut connections where it was", async () => {
    const setup = await setUp({ cuts: [100_000, 1, 150_000] });
    const found = await download(setup, { sha256: sha(MODEL) });
    expect(found).toMatchObject({ state: "done", error: null });
    expect(placed(setup).equals(MODEL)).toBe(true);
    const asked = ranges(setup).map((range) => Number(/\d+/.exec(range ?? "0")?.[0] ?? 0));
    expect(asked).toHaveLength(4);
    expect(asked).toEqual(asked.toSorted((a, b) => a - b));
    expect(asked[1]).toBeGreaterThan(0);
    expect(setup.host.requests[1]?.headers["if-range"]).toBe('"one"');
    const errors = setup.library.events.flatMap((event) =>
      event.type === "download" && event.download.error !== null
        ? [event.download.error.message]
        : [],
    );
    expect(errors[0]).toMatch(
      /^Expected the rest of a\.safetensors from 127.+ It is tried again\.$/,
    );
  });

  it("gives up with words when nothing comes, keeps what came, and resumes", async () => {
    const setup = await setUp({ cuts: [50_000, 0, 0, 0, 0, 0, 0] });
    const { id } = await setup.calls["models.download"](request(setup.host));
    const failed = await ended(setup.calls, id);
    expect(failed).toMatchObject({ state: "failed", error: { code: "ERR_DOWNLOAD" } });
    expect(failed.error?.message).toMatch(/What came is kept: resume when the network is back\.$/);
    expect(failed.received).toBeGreaterThan(0);
    setup.host.file.cuts = [];
    await setup.calls["models.control"]({ id, action: "resume" });
    expect(await ended(setup.calls, id)).toMatchObject({ state: "done" });
    expect(placed(setup).equals(MODEL)).toBe(true);
  });

  it("waits for a busy host and for one that says nothing", async () => {
    const busy = await setUp({ statuses: [503, 429, 500] });
    expect(await download(busy)).toMatchObject({ state: "done" });
    const silent = await setUp({ stall: 70_000 }, { stallMs: 100 });
    const { id } = await silent.calls["models.download"](request(silent.host));
    await reached(silent.calls, id, 70_000);
    delete silent.host.file.stall;
    expect(await ended(silent.calls, id)).toMatchObject({ state: "done" });
    expect(placed(silent).equals(MODEL)).toBe(true);
  });

  it("begins anew when the file has changed meanwhile", async () => {
    for (const ignoreIfRange of [false, true]) {
      const setup = await setUp({ cuts: [100_000], ignoreIfRange });
      const changed = model(7);
      const { id } = await setup.calls["models.download"](
        request(setup.host, { sha256: sha(changed) }),
      );
      setup.host.file.bytes = changed;
      setup.host.file.etag = '"two"';
      expect(await ended(setup.calls, id)).toMatchObject({ state: "done" });
      expect(placed(setup).equals(changed)).toBe(true);
    }
  });

  it("goes on by date, and not at all without a strong mark of the version", async () => {
    const modified = "Mon, 02 Nov 2026 10:00:00 GMT";
    const dated = await setUp({ cuts: [100_000], etag: 'W/"weak"', modified });
    expect(await download(dated)).toMatchObject({ state: "done" });
    expect(dated.host.requests[1]?.headers["if-range"]).toBe(modified);
    const bare = await setUp({ cuts: [100_000], etag: null });
    expect(await download(bare)).toMatchObject({ state: "done" });
    expect(ranges(bare)).toEqual([undefined, undefined]);
    expect(placed(bare).equals(MODEL)).toBe(true);
  });

  it("takes a file of unknown length, and notices when it was cut off", async () => {
    const whole = await setUp({ length: false });
    expect(await download(whole)).toMatchObject({ state: "done", received: MODEL.length });
    const short = await setUp({ length: false, bytes: MODEL.subarray(0, 300_000) });
    const found = await download(short);
    expect(found).toMatchObject({ state: "failed", error: { code: "ERR_DOWNLOAD" } });
    expect(found.error?.message).toMatch(
      /^Expected a whole file, got .+ set aside\. Get it again\.$/,
    );
    expect(loras(short)).toEqual(["a.safetensors.wrong"]);
  });

  it("sets a file of another SHA-256 aside, and gets it again", async () => {
    const setup = await setUp({ bytes: model(5) });
    const { id } = await setup.calls["models.download"](
      request(setup.host, { sha256: sha(MODEL) }),
    );
    const failed = await ended(setup.calls, id);
    const found = sha(model(5)).slice(0, 4);
    expect(failed).toMatchObject({
      state: "failed",
      error: {
        code: "ERR_DOWNLOAD",
        message: `Expected ${sha(MODEL).slice(0, 4)}..., got ${found}.... The file was set aside. Get it again.`,
      },
    });
    expect(loras(setup)).toEqual(["a.safetensors.wrong"]);
    expect(await setup.calls["files.list"]({ folder: "loras" })).not.toContain(
      "a.safetensors.wrong",
    );
    setup.host.file.bytes = MODEL;
    await setup.calls["models.control"]({ id, action: "resume" });
    expect(await ended(setup.calls, id)).toMatchObject({ state: "done" });
    expect(placed(setup).equals(MODEL)).toBe(true);
  });

  it.each([
    [
      "a page",
      { type: "text/html", bytes: Buffer.from("<!doctype html><p>Log in</p>") },
      "web page",
    ],
    ["a page without its type", { bytes: Buffer.from("<!doctype html><p>Log in</p>") }, "web page"],
    ["a pickle", { bytes: Buffer.from("PK\u0003\u0004 archive of pickles") }, "pickle"],
    ["a pointer", { bytes: Buffer.from("version https://git-lfs.github.com/spec/v1") }, "Git LFS"],
    ["nothing", { bytes: Buffer.alloc(0) }, "an empty file"],
    ["a few bytes", { bytes: Buffer.from("abc") }, "something else"],
    ["no access", { statuses: [401] }, "wants a login"],
    ["no file", { statuses: [404] }, "There is no such file"],
  ])("does not take %s for a model", async (_name, parts, words) => {
    const setup = await setUp(parts);
    const found = await download(setup);
    expect(found).toMatchObject({ state: "failed", error: { code: "ERR_DOWNLOAD" } });
    expect(found.error?.message).toContain(words);
    expect(loras(setup)).not.toContain("a.safetensors");
  });

  it("a page in place of the rest does not cost what came", async () => {
    const setup = await setUp({ cuts: [200_000, 0, 0, 0, 0, 0] });
    const { id } = await setup.calls["models.download"](request(setup.host));
    const { received } = await ended(setup.calls, id);
    Object.assign(setup.host.file, {
      cuts: [],
      type: "text/html",
      etag: null,
      bytes: Buffer.from("<html>"),
    });
    await setup.calls["models.control"]({ id, action: "resume" });
    expect(await ended(setup.calls, id)).toMatchObject({ state: "failed", received });
  });

  it("follows few redirects, to web addresses only, and sends no credentials", async () => {
    const setup = await setUp();
    const other = await hostFile({ bytes: MODEL });
    open.push(other);
    setup.host.redirects.set("/a.safetensors", `${other.origin}/signed?token=1`);
    expect(await download(setup)).toMatchObject({ state: "done" });
    const { authorization, cookie, referer } = other.requests[0]?.headers ?? {};
    expect([authorization, cookie, referer]).toEqual([undefined, undefined, undefined]);
    for (const [name, target, words] of [
      ["loop", "/loop.safetensors", "more than 5 redirects"],
      ["file", "file:///etc/passwd", "a redirect to a safe address"],
      ["login", "http://me:secret@127.0.0.1/", "a redirect to a safe address"],
      ["odd", "http://[", "a redirect to a safe address"],
    ] as const) {
      setup.host.redirects.set(`/${name}.safetensors`, target);
      const url = `${setup.host.origin}/${name}.safetensors`;
      const found = await download(setup, { url, name: `${name}.safetensors` });
      expect(found.error?.message, name).toContain(words);
    }
  });

  it.each([
    ["loras", "../x.safetensors", "ERR_FILE"],
    ["loras", "/x.safetensors", "ERR_FILE"],
    ["loras", "C:\\x.safetensors", "ERR_FILE"],
    ["loras", "a\0.safetensors", "ERR_FILE"],
    ["loras", ".hidden.safetensors", "ERR_FILE"],
    ["loras", "away/x.safetensors", "ERR_FILE"],
    ["loras", "x.ckpt", "ERR_FILE"],
    ["loras", "x.pt", "ERR_FILE"],
    ["loras", "x.safetensors.exe", "ERR_FILE"],
    ["loras", "x", "ERR_FILE"],
    ["custom_nodes", "x.safetensors", "ERR_INVALID_ARGUMENT"],
    ["../loras", "x.safetensors", "ERR_INVALID_ARGUMENT"],
  ])("puts nothing at %s, %j", async (folder, name, code) => {
    const setup = await setUp();
    const outside = scratchFolder();
    mkdirSync(join(setup.library.folder, "models/loras"));
    symlinkSync(outside, join(setup.library.folder, "models/loras/away"));
    await expect(
      setup.calls["models.download"](request(setup.host, { folder, name })),
    ).rejects.toMatchObject({ code });
    expect(setup.host.requests).toHaveLength(0);
    expect(filesOf(outside)).toEqual([]);
  });

  it("says when the disk is too small, before anything is written", async () => {
    const setup = await setUp({ claims: 2 ** 53 - 1 });
    const found = await download(setup);
    expect(found.error).toMatchObject({ code: "ERR_DISK_FULL" });
    expect(found.error?.message).toMatch(
      /^Expected 9007199\.3 GB free in .+, got .+ GB\. Free some/,
    );
  });
});

describe("models.control", () => {
  it("pauses, resumes and cancels", async () => {
    const setup = await setUp({ slow: 4000 });
    const { calls, host } = setup;
    const { id } = await calls["models.download"](request(host, { sha256: sha(MODEL) }));
    const again = await calls["models.download"](request(host, { sha256: sha(MODEL) }));
    expect(again.id).toBe(id);
    await expect(
      calls["models.download"](request(host, { url: `${host.origin}/b` })),
    ).rejects.toThrow("Cancel that first");
    await reached(calls, id, 40_000);
    await calls["models.control"]({ id, action: "pause" });
    const [paused] = await calls["models.downloads"]({});
    expect(contract["models.downloads"].result.parse([paused])).toEqual([paused]);
    expect(paused).toMatchObject({ state: "paused", bytesPerSecond: 0, error: null });
    expect(paused?.received).toBeGreaterThanOrEqual(40_000);
    expect(paused?.received).toBeLessThan(MODEL.length);
    await calls["models.control"]({ id, action: "pause" });
    delete host.file.slow;
    await calls["models.control"]({ id, action: "resume" });
    expect(await ended(calls, id)).toMatchObject({ state: "done" });
    expect(ranges(setup).at(-1)).toBe(`bytes=${paused?.received}-`);
    expect(placed(setup).equals(MODEL)).toBe(true);

    host.file.slow = 4000;
    const second = await calls["models.download"](request(host, { name: "b.safetensors" }));
    await reached(calls, second.id, 10_000);
    await calls["models.control"]({ id: second.id, action: "cancel" });
    expect((await calls["models.downloads"]({})).map((found) => found.id)).toEqual([id]);
    expect(loras(setup)).toEqual(["a.safetensors"]);
    expect(setup.library.events.at(-1)).toMatchObject({ download: { state: "cancelled" } });
    await expect(
      calls["models.control"]({ id: second.id, action: "resume" }),
    ).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" });
  });

  it("goes on after a restart, but only when asked", async () => {
    const first = await setUp({ slow: 4000 });
    const { id } = await first.calls["models.download"](
      request(first.host, { sha256: sha(MODEL) }),
    );
    await reached(first.calls, id, 40_000);
    await first.calls[Symbol.asyncDispose]();
    const asked = first.host.requests.length;
    delete first.host.file.slow;
    const calls = libraryHandlers(first.library.context);
    open.push(calls);
    const [found] = await calls["models.downloads"]({});
    expect(found).toMatchObject({ id, state: "paused", total: MODEL.length });
    expect(found?.received).toBeGreaterThanOrEqual(40_000);
    expect(first.host.requests).toHaveLength(asked);
    await calls["models.control"]({ id, action: "resume" });
    expect(await ended(calls, id)).toMatchObject({ state: "done" });
    expect(ranges(first).at(-1)).toBe(`bytes=${found?.received}-`);
    expect(placed(first).equals(MODEL)).toBe(true);
    await calls[Symbol.asyncDispose]();
    const third = libraryHandlers(first.library.context);
    open.push(third);
    expect(await third["models.downloads"]({})).toEqual([]);
  });

  it("a damaged list of downloads loses no more than the list", async () => {
    const { library, calls, host } = await setUp();
    writeFileSync(join(library.folder, "data/downloads.json"), '{"version":1,"downloads":[{}]}');
    mkdirSync(join(library.folder, "models/loras"));
    writeFileSync(join(library.folder, "models/loras/a.safetensors.part"), "of an unknown version");
    expect(await calls["models.downloads"]({})).toEqual([]);
    const { id } = await calls["models.download"](request(host, { sha256: sha(MODEL) }));
    expect(await ended(calls, id)).toMatchObject({ state: "done" });
    expect(existsSync(join(library.folder, "models/loras/a.safetensors.part"))).toBe(false);
  });
});
