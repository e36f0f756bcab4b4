import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openTabSession } from "../../../renderer/client/tab-session.ts";

/** What the server answers, one after the other; the last one again. */
let open: string[][] = [];
const kept = new Map<string, string>();
const storage = {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
};

beforeEach(() => {
  kept.clear();
  vi.useFakeTimers();
  vi.stubGlobal("fetch", async () => {
    const sessions = open.length > 1 ? open.shift() : open[0];
    return { json: async () => ({ sessions }) };
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function session(): Promise<{ session: string; sessions: readonly string[] }> {
  const opened = openTabSession("http://x", storage);
  await vi.advanceTimersByTimeAsync(5000);
  return opened;
}

test("a new tab has a session of its own and knows the others", async () => {
  open = [["a", "b"]];
  const made = await session();
  expect(made.session).toMatch(/^[0-9a-f]{32}$/);
  expect(made.sessions).toEqual([made.session, "a", "b"]);
});

test("a tab that is loaded anew keeps its session, once the server has seen its page go", async () => {
  open = [[]];
  const before = await session();
  open = [[before.session, "a"], [before.session, "a"], ["a"]];
  expect(await session()).toEqual({ ...before, sessions: [before.session, "a"] });
});

test("a copied tab gets another one", async () => {
  open = [[]];
  const before = await session();
  open = [[before.session]];
  const copy = await session();
  expect(copy.session).not.toBe(before.session);
  expect(copy.sessions).toEqual([copy.session, before.session]);
});
