import { expect, test, vi } from "vitest";
import { UmbelError } from "#runtime/errors";
import type { Shell, ShellEvents } from "../../../renderer/client/shell.ts";
import { createStartup } from "../../../renderer/stores/startup.ts";

function setUp() {
  let down: ShellEvents["runtimeDown"] = () => undefined;
  const restartRuntime = vi.fn(() => Promise.resolve());
  const shell = {
    restartRuntime,
    on: (_event: string, listener: ShellEvents["runtimeDown"]) => {
      down = listener;
      return () => undefined;
    },
  } as unknown as Shell;
  return { startup: createStartup(shell), restartRuntime, down: () => down("It ended.", "stack") };
}

test("a start that is refused says why, and goes on when it is tried again", async () => {
  const { startup, restartRuntime } = setUp();
  const start = vi
    .fn<() => Promise<void>>()
    .mockRejectedValueOnce(new UmbelError("ERR_FILE", "Expected a folder."))
    .mockResolvedValue();
  await startup.begin(start);
  expect(startup.store.getState()).toEqual({
    phase: "failed",
    failure: { message: "Expected a folder.", code: "ERR_FILE", printed: "" },
  });
  await startup.retry();
  expect(restartRuntime).toHaveBeenCalledTimes(1);
  expect(startup.store.getState()).toEqual({ phase: "ready", failure: null });
});

test("a runtime that ends before it answers is told, and the start that waits for it goes on by itself", async () => {
  const { startup, down } = setUp();
  let answer: () => void = () => undefined;
  const start = vi.fn(() => new Promise<void>((resolve) => (answer = resolve)));
  const begun = startup.begin(start);
  down();
  expect(startup.store.getState()).toMatchObject({
    phase: "failed",
    failure: { printed: "stack" },
  });
  const again = startup.retry();
  answer();
  await Promise.all([begun, again]);
  // The window is started once, however often it is tried.
  expect(start).toHaveBeenCalledTimes(1);
  expect(startup.store.getState()).toEqual({ phase: "ready", failure: null });
});

test("a runtime that goes later leaves the window as it is, until it is there again", async () => {
  const { startup, down } = setUp();
  await startup.begin(() => Promise.resolve());
  down();
  expect(startup.store.getState()).toMatchObject({
    phase: "ready",
    failure: { message: "It ended." },
  });
  startup.receive({ type: "reconnected" });
  expect(startup.store.getState()).toEqual({ phase: "ready", failure: null });
});
