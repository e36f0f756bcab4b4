import { describe, expect, it } from "vitest";
import { dispatch } from "#runtime/service/dispatch";
import { UmbelError } from "#runtime/errors";
import type { Handlers } from "#runtime/protocol/contract";

const document = { umbel: 1, nodes: {}, links: [] } as const;
const handlers: Partial<Handlers> = {
  "queue.pause": () => null,
  "queue.document": () => document as never,
  "queue.cancel": ({ job }) => {
    if (job === "code") throw new UmbelError("ERR_NODE", "No.", { nodeId: "a" });
    throw new TypeError("oops");
  },
  "history.list": () => "not a list" as never,
  "queue.replace": ({ document: given }) => {
    expect(Object.getPrototypeOf(given.nodes)).toBeNull();
    return null;
  },
};

async function refused(method: unknown, params?: unknown): Promise<string> {
  const answer = await dispatch(handlers, method, params);
  expect(answer).toMatchObject({ ok: false, error: { code: "ERR_INVALID_ARGUMENT" } });
  return answer.ok ? "" : answer.error.message;
}

describe("dispatch", () => {
  it("answers with the result", async () => {
    expect(await dispatch(handlers, "queue.pause", { paused: true })).toEqual({
      ok: true,
      result: null,
    });
    expect(await dispatch(handlers, "queue.document", { job: "a" })).toEqual({
      ok: true,
      result: document,
    });
  });

  it("refuses what is no call, and offers the nearest", async () => {
    expect(await refused("queue.pauze")).toContain("Did you mean queue.pause?");
    for (const name of ["constructor", "__proto__", "toString", "", 7, null, undefined, {}])
      expect(await refused(name)).toContain("Expected the name of a call");
    expect(await refused("queue.clear")).toContain("of this build");
  });

  it("refuses parameters that do not fit, with the path and what was expected", async () => {
    expect(await refused("queue.pause", { paused: "yes" })).toMatch(/paused: .*boolean/);
    expect(await refused("queue.pause", 7)).toMatch(/\(all\): .*object/);
    expect(await refused("queue.pause")).toMatch(/paused/);
    const nested = { document: { umbel: 1, nodes: { a: { type: "" } } }, job: "a" };
    expect(await refused("queue.replace", nested)).toContain("document.nodes.a.type: ");
  });

  it("makes documents safe to look names up in", async () => {
    const given = { job: "a", document: { umbel: 1, nodes: {} } };
    expect(await dispatch(handlers, "queue.replace", given)).toEqual({ ok: true, result: null });
  });

  it("answers a handler's errors as records, and a wrong result as its own fault", async () => {
    expect(await dispatch(handlers, "queue.cancel", { job: "code" })).toEqual({
      ok: false,
      error: { code: "ERR_NODE", message: "No.", nodeId: "a" },
    });
    expect(await dispatch(handlers, "queue.cancel", { job: "other" })).toEqual({
      ok: false,
      error: { code: "ERR_INTERNAL", message: "oops" },
    });
    expect(await dispatch(handlers, "history.list", { limit: 1 })).toMatchObject({
      ok: false,
      error: { code: "ERR_INTERNAL", message: expect.stringContaining("history.list") },
    });
  });

  it("survives values that no message should hold", async () => {
    const deep: Record<string, unknown> = {};
    let at = deep;
    for (let i = 0; i < 20_000; i++) at = (at["a"] = {}) as Record<string, unknown>;
    const loop: Record<string, unknown> = { umbel: 1, nodes: {} };
    loop["self"] = loop;
    for (const origin of [deep, loop, () => 1, Symbol("x"), 1n, new Map(), new Proxy({}, {})]) {
      const answer = await dispatch(handlers, "queue.add", { document, origin });
      expect(answer.ok).toBe(false);
    }
  });
});
