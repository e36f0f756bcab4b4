// @vitest-environment happy-dom
import { act, cleanup, fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ToastStack } from "../../../../renderer/panels/notices/toast-stack.tsx";
import { openTestWindow } from "../window.tsx";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const pass = (ms: number) =>
  act(() => {
    vi.advanceTimersByTime(ms);
  });

test("messages leave after six seconds, errors stay until they are dismissed", () => {
  const { editor } = openTestWindow(<ToastStack />);
  act(() => {
    editor.toasts.show({ kind: "done", title: "Saved a.mp4" });
    editor.toasts.fail("It was not saved", new Error("The disk is full."));
  });
  expect(screen.getByRole("alert").textContent).toContain("The disk is full.");
  pass(6001);
  expect(screen.queryByText("Saved a.mp4")).toBeNull();
  pass(60_000);
  fireEvent.click(screen.getByRole("button", { name: "Dismiss" }));
  expect(screen.queryByRole("alert")).toBeNull();
  expect(editor.toasts.store.getState().log).toHaveLength(2);
});

test("a message stays while the pointer is on it, and its button acts once", () => {
  const run = vi.fn();
  const { editor } = openTestWindow(<ToastStack />);
  act(() => {
    editor.toasts.show({ kind: "info", title: "Closed a", action: { label: "Open again", run } });
  });
  fireEvent.pointerEnter(screen.getByRole("status"));
  pass(30_000);
  fireEvent.click(screen.getByRole("button", { name: "Open again" }));
  expect(run).toHaveBeenCalledTimes(1);
  expect(screen.queryByText("Closed a")).toBeNull();
});

test("a job that failed says so in words, one that is done names its file", () => {
  const { client } = openTestWindow(<ToastStack />);
  const entry = {
    job: "j",
    title: "dunes",
    batch: null,
    cell: null,
    priority: 0,
    added: 0,
    started: 0,
    ended: 1,
    attempts: 1,
    problems: [],
    shown: [],
    nodes: [],
    peakBytes: null,
  };
  const error = { code: "ERR_OUT_OF_MEMORY", message: "Expected 9.8 GB free, got 6.2 GB." };
  const file = {
    kind: "video",
    place: "output",
    path: "video/dunes_00001_.mp4",
    width: 64,
    height: 32,
    frames: 33,
    fps: 16,
    node: "save",
  } as const;
  act(() => {
    client.emit({ type: "history", entry: { ...entry, state: "failed", error, results: [] } });
    client.emit({
      type: "history",
      entry: { ...entry, job: "k", state: "done", error: null, results: [file] },
    });
  });
  expect(screen.getByText("dunes failed")).toBeDefined();
  expect(screen.getByText(error.message)).toBeDefined();
  expect(screen.getByText("Saved dunes_00001_.mp4")).toBeDefined();
  expect(screen.getByText("2.1 s, 64 × 32")).toBeDefined();
});
