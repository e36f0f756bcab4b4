// @vitest-environment happy-dom
import { act, cleanup, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { emptyDocument } from "../../../../renderer/stores/documents.ts";
import { Overlays } from "../../../../renderer/panels/overlays.tsx";
import { firstStart } from "../../../../renderer/panels/welcome/first-start.ts";
import { loadTemplates } from "../../../../renderer/panels/welcome/templates.ts";
import { openTestWindow } from "../window.tsx";

afterEach(cleanup);

test("a window without a graph begins with text to video and the page of templates", () => {
  const { editor } = openTestWindow(<Overlays />);
  act(() => firstStart(editor));
  expect(editor.documents.active()?.title).toBe("text-to-video");
  expect(screen.getByRole("dialog", { name: "Umbel" })).toBeDefined();
  expect(screen.getByRole("button", { name: /^Open ↵ *Text to video/ })).toBeDefined();
});

test("a file that comes later takes its place", () => {
  const { editor } = openTestWindow(<Overlays />);
  act(() => firstStart(editor));
  act(() => {
    editor.documents.open(emptyDocument(), { title: "dawn" });
  });
  expect(screen.queryByRole("dialog")).toBeNull();
  const { tabs, open } = editor.documents.store.getState();
  expect(tabs.map((id) => open[id]?.title)).toEqual(["dawn"]);
});

test("a window that has graphs shows them", () => {
  const { editor } = openTestWindow(<Overlays />);
  editor.documents.open(emptyDocument(), { title: "mine" });
  act(() => firstStart(editor));
  expect(editor.documents.store.getState().tabs).toHaveLength(1);
  expect(editor.layout.store.getState().overlay).toBeNull();
});

test("every example is a template that says what it makes", () => {
  const templates = loadTemplates();
  expect(templates[0]?.id).toBe("text-to-video");
  for (const { id, title, words, kinds } of templates) {
    expect(title, id).not.toBe("");
    expect(words, id).not.toBe("");
    expect(kinds.length, id).toBeGreaterThan(0);
  }
});
