// @vitest-environment happy-dom
import { cleanup, fireEvent, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { TemplatesPanel } from "../../../../renderer/panels/welcome/templates-panel.tsx";
import { openTestWindow } from "../window.tsx";

afterEach(cleanup);

test("a template that is opened is not left behind its panel, unless that is pinned", () => {
  const { editor } = openTestWindow(<TemplatesPanel />);
  const { layout, documents } = editor;
  layout.set({ panel: "templates", panelPinned: true });
  fireEvent.click(screen.getByRole("button", { name: /Text to video/ }));
  expect(layout.store.getState().panel).toBe("templates");
  layout.set({ panelPinned: false });
  fireEvent.click(screen.getByRole("button", { name: /Four steps/ }));
  expect(layout.store.getState().panel).toBeNull();
  expect(documents.store.getState().tabs).toHaveLength(2);
  editor.stop();
});

test("templates that nobody ran here ask for their masks alone, without their models", () => {
  const { editor, panels } = openTestWindow(<TemplatesPanel />);
  return expect
    .poll(() => [...panels.masks.store.getState().known.values()].map(({ request }) => request))
    .toContainEqual(expect.objectContaining({ model: null, kind: "hunyuan", temporalFactor: 6 }))
    .finally(() => editor.stop());
});
