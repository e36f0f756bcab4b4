import { describe, expect, test } from "vitest";
import { createPlayer, shownFps, shownFrames, type Clip } from "../../../renderer/stores/player.ts";

const clip = (name: string, frames = 33): Clip => ({
  url: `media/${name}`,
  name,
  file: { place: "output", path: name },
  kind: "video",
  width: 256,
  height: 256,
  frames,
  fps: 16,
  job: name,
  node: "save",
});
const live = {
  job: "j",
  node: "sampler",
  preview: { frames: 9, width: 1, height: 1, data: new Uint8Array(27) },
};

describe("the player", () => {
  test("shows one clip, then another against it", () => {
    const player = createPlayer();
    player.show(clip("a"));
    player.compare(clip("b"));
    expect(player.store.getState()).toMatchObject({
      a: { name: "a" },
      b: { name: "b" },
      view: "wipe",
    });
    player.compare(clip("a"));
    expect(player.store.getState()).toMatchObject({ a: { name: "a" }, b: null, view: "single" });
  });

  test("keeps a view that shows two when another clip is compared", () => {
    const player = createPlayer();
    player.show(clip("a"));
    player.compare(clip("b"));
    player.set({ view: "difference" });
    player.compare(clip("c"));
    expect(player.store.getState()).toMatchObject({ b: { name: "c" }, view: "difference" });
  });

  test("the first clip of a comparison is simply shown", () => {
    const player = createPlayer();
    player.compare(clip("a"));
    expect(player.store.getState()).toMatchObject({ a: { name: "a" }, b: null });
  });

  test("is as long as the longer clip on screen", () => {
    const player = createPlayer();
    player.show(clip("a", 33));
    player.compare(clip("b", 81));
    expect(shownFrames(player.store.getState())).toBe(81);
    player.set({ view: "single" });
    expect(player.length()).toBe(33);
    player.seek(500);
    expect(player.store.getState().frame).toBe(32);
    player.seek(-3);
    expect(player.store.getState().frame).toBe(0);
  });

  test("a clip that is being made has latent frames, each as long as four", () => {
    const player = createPlayer();
    player.show(clip("a"));
    player.set({ live });
    expect(player.length()).toBe(9);
    expect(shownFps(player.store.getState())).toBe(4);
    player.show(clip("b"));
    expect(player.store.getState().live).toBeNull();
    expect(shownFps(player.store.getState())).toBe(16);
  });
});
