// @vitest-environment happy-dom
import { act, cleanup, fireEvent, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { MaskView } from "../../../../renderer/panels/radial/mask-view.tsx";
import { openTestWindow } from "../window.tsx";

afterEach(cleanup);

/** Three frames of two blocks each: a frame sees itself and the first. */
const kept = new Uint8Array([
  1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0,
  0, 1, 1,
]);
const shown = {
  block: 128,
  current: true,
  mask: {
    request: { kind: "wan", width: 256, height: 256, frames: 9, decay: 0.2, block: 128 },
    report: {
      blocks: 6,
      tokens: 768,
      tokensPerFrame: 256,
      latentFrames: 3,
      kept,
      density: 20 / 36,
      attentionShare: 20 / 36,
      stepFlopShare: null,
      layers: null,
    },
  },
} as const;

test("arrow keys walk over the pairs of frames, and each is said in words", () => {
  const { panels } = openTestWindow(<MaskView shown={shown} size={232} />);
  const mask = screen.getByRole("application");
  act(() => mask.focus());
  fireEvent.keyDown(mask, { key: "ArrowDown" });
  expect(panels.player.store.getState().pair).toEqual({ query: 0, key: 0, frames: 3 });
  fireEvent.keyDown(mask, { key: "ArrowDown" });
  fireEvent.keyDown(mask, { key: "ArrowDown" });
  fireEvent.keyDown(mask, { key: "ArrowDown" });
  fireEvent.keyDown(mask, { key: "ArrowRight" });
  expect(panels.player.store.getState().pair).toEqual({ query: 2, key: 1, frames: 3 });
  const words = document.getElementById(mask.getAttribute("aria-describedby") ?? "")?.textContent;
  expect(words).toBe(
    "Frame 2 looks at frame 1. 1 frame apart · all of 256 tokens. 0 % of their blocks kept.",
  );
  fireEvent.keyDown(mask, { key: "Escape" });
  expect(panels.player.store.getState().pair).toBeNull();
});

test("Enter opens it full size; leaving it forgets the pair", () => {
  const open = vi.fn();
  const { panels } = openTestWindow(<MaskView shown={shown} size={232} onOpen={open} />);
  const mask = screen.getByRole("application");
  act(() => mask.focus());
  fireEvent.keyDown(mask, { key: "ArrowDown" });
  fireEvent.keyDown(mask, { key: "Enter" });
  expect(open).toHaveBeenCalledTimes(1);
  act(() => mask.blur());
  expect(panels.player.store.getState().pair).toBeNull();
});
