import { beforeEach, expect, test, vi } from "vitest";
import { UmbelError } from "#runtime/errors";
import { desktopCalls, type DesktopCall } from "#runtime/protocol/desktop-contract";

type Listener = (event: unknown, params: unknown) => Promise<unknown>;
const listeners = vi.hoisted(() => new Map<string, Listener>());

vi.mock("electron", () => ({
  ipcMain: { handle: (channel: string, listener: Listener) => listeners.set(channel, listener) },
}));

const { handleCalls, handleDrops } = await import("../../electron/ipc/main.ts");

const frame = { url: "umbel://app/" };
const own = { sender: { id: 1, mainFrame: frame }, senderFrame: frame };
const names = Object.keys(desktopCalls) as DesktopCall[];
const seen = vi.fn<(name: string, params: unknown) => void>();
const call = (name: string, params: unknown, event: unknown = own) =>
  listeners.get(`umbel:call:${name}`)!(event, params);

beforeEach(() => {
  seen.mockClear();
  const handlers = names.map((name) => [
    name,
    (params: unknown) => {
      seen(name, params);
      return null;
    },
  ]);
  handleCalls(Object.fromEntries(handlers) as never);
  handleDrops(({ path }) => {
    seen("drop", path);
    return Promise.resolve({ name: "a", path, data: new Uint8Array(), version: null });
  });
});

test("a call that fits reaches its handler, an error comes back as a record", async () => {
  expect(await call("files.read", { path: "/a.json", more: 1 })).toEqual({ result: null });
  expect(seen).toHaveBeenCalledExactlyOnceWith("files.read", { path: "/a.json" });
  handleCalls({
    "files.read": () => {
      throw new UmbelError("ERR_FILE", "Expected a file.");
    },
  });
  expect(await call("files.read", { path: "/a.json" })).toEqual({
    error: { code: "ERR_FILE", message: "Expected a file." },
  });
});

test.each([
  ["another page", { url: "https://localhost/" }],
  ["a page whose address begins alike", { url: "umbel://app.localhost/" }],
  ["a file", { url: "file:///umbel://app/" }],
  ["nothing", null],
])("%s may not call", async (_who, senderFrame) => {
  const event = { sender: { id: 1, mainFrame: senderFrame }, senderFrame };
  for (const name of names)
    expect(await call(name, {}, event)).toMatchObject({ error: { code: "ERR_INVALID_ARGUMENT" } });
  const drop = await listeners.get("umbel:drop")!(event, { path: "/a" });
  expect(drop).toMatchObject({ error: { code: "ERR_INVALID_ARGUMENT" } });
  expect(seen).not.toHaveBeenCalled();
});

test("a frame inside the page may not call", async () => {
  const event = { ...own, senderFrame: { url: "umbel://app/" } };
  expect(await call("app.info", {}, event)).toMatchObject({ error: expect.anything() });
});

/** Values of every kind, the same on every run. */
function* junk(): Generator<unknown> {
  let state = 7;
  const next = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state % below;
  };
  const leaves: readonly (() => unknown)[] = [
    () => undefined,
    () => null,
    () => next(1000) - 500,
    () => Number.NaN,
    () => "",
    () => "../".repeat(next(20)),
    () => "x".repeat(next(100_000)),
    () => "\0",
    () => new Uint8Array(next(100)),
    () => new Date(),
    () => new Map([["path", "/a"]]),
    () => next(2) === 0,
    () => 10n,
  ];
  const keys = [
    "path",
    "data",
    "version",
    "kind",
    "name",
    "title",
    "on",
    "file",
    "__proto__",
    "place",
  ];
  const value = (depth: number): unknown => {
    if (depth === 0 || next(3) === 0) return leaves[next(leaves.length)]!();
    if (next(4) === 0) return Array.from({ length: next(4) }, () => value(depth - 1));
    return Object.fromEntries(
      Array.from({ length: next(5) }, () => [keys[next(keys.length)], value(depth - 1)]),
    );
  };
  for (;;) yield value(4);
}

test("2,000 malformed messages: each is answered, and no handler sees one that does not fit", async () => {
  const values = junk();
  let refused = 0;
  for (let i = 0; i < 2000; i++) {
    const name = names[i % names.length]!;
    const params = values.next().value;
    const reply = (await call(name, params)) as { error?: { code: string }; result?: unknown };
    if (reply.error === undefined) continue;
    refused++;
    expect(reply.error.code).toBe("ERR_INVALID_ARGUMENT");
  }
  expect(refused).toBeGreaterThan(1000);
  for (const [name, params] of seen.mock.calls)
    expect(desktopCalls[name as DesktopCall].params.safeParse(params).success).toBe(true);
});
