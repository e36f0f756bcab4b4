// @vitest-environment happy-dom
import { cleanup } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useCommands, type Commands } from "../../../renderer/commands/command-context.tsx";
import type { Clip } from "../../../renderer/stores/player.ts";
import { openTestWindow, type TestWindow } from "../panels/window.tsx";

let opened: TestWindow;
let commands: Commands;

function Take() {
  commands = useCommands();
  return null;
}

beforeEach(() => {
  opened = openTestWindow(<Take />);
});
afterEach(() => {
  cleanup();
  opened.editor.stop();
});

const clip = (name: string): Clip => ({
  url: name,
  name,
  file: { place: "output", path: `${name}.mp4` },
  kind: "video",
  width: 64,
  height: 64,
  frames: 5,
  fps: 16,
  job: null,
  node: null,
});

test("ids are of one command each, and titles are not mistaken for one another", () => {
  const ids = commands.all.map(({ id }) => id);
  const titles = commands.all.map(({ title }) => title);
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(titles).size).toBe(titles.length);
});

test("the queue is paused and let go on", async () => {
  const { editor } = opened;
  const paused = () => editor.runs.store.getState().queue.paused;
  expect([commands.isEnabled("queue.pause"), commands.isEnabled("queue.resume")]).toEqual([
    true,
    false,
  ]);
  commands.run("queue.pause");
  await expect.poll(paused).toBe(true);
  expect(commands.isEnabled("queue.pause")).toBe(false);
  commands.run("queue.resume");
  await expect.poll(paused).toBe(false);
});

test("a model folder is asked for, taken and told of; no choice changes nothing", async () => {
  const { editor, client } = opened;
  const pick = vi.spyOn(editor.shell, "pickFolder").mockResolvedValue(null);
  const call = vi.spyOn(client, "call");
  commands.run("models.add-folder");
  await expect.poll(() => pick.mock.calls.length).toBe(1);
  expect(call).not.toHaveBeenCalledWith("models.addFolder", expect.anything());
  pick.mockResolvedValue("/data/ComfyUI/models");
  commands.run("models.add-folder");
  await expect.poll(() => editor.toasts.store.getState().shown.at(-1)?.title).toBe("Added models");
  expect(call).toHaveBeenCalledWith("models.addFolder", { path: "/data/ComfyUI/models" });
});

test("views and the saving of a comparison are offered where there are two clips", () => {
  const { player } = opened.panels;
  expect(commands.isEnabled("player.play")).toBe(false);
  player.show(clip("a"));
  expect(commands.isEnabled("player.play")).toBe(true);
  expect(commands.isEnabled("player.wipe")).toBe(false);
  player.compare(clip("b"));
  commands.run("player.single");
  expect(commands.isEnabled("player.save-comparison")).toBe(false);
  commands.run("player.difference");
  expect(player.store.getState().view).toBe("difference");
  expect(commands.isEnabled("player.save-comparison")).toBe(true);
});
