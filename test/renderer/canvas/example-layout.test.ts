import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { loadNodes, type NodeRegistry } from "#runtime/engine/node-registry";
import { parseDocument } from "#runtime/graph/document";
import { highest } from "../../../renderer/canvas/preview-room.ts";
import { createScene, type Scene } from "../../../renderer/canvas/scene.ts";
import type { Editor } from "../../../renderer/stores/editor.ts";
import { ROOT } from "../../helpers/umbel-process.ts";
import { testEditor } from "./large-graph.ts";

const EXAMPLES = join(ROOT, "examples");
const LEAST_GAP = 24;
/** As the canvas estimates the mask of these classes. */
const FEATURE = 320;

let registry: NodeRegistry;
let editor: Editor;
let scene: Scene;

beforeAll(async () => {
  registry = await loadNodes([join(ROOT, "nodes")]);
});
afterEach(() => {
  scene.stop();
  editor.stop();
});

async function open(text: string): Promise<void> {
  editor = await testEditor([...registry.descriptions.values()]);
  editor.documents.open(parseDocument(text));
  scene = createScene(editor, {
    featureHeight: (type) => (type.startsWith("RadialAttention") ? FEATURE : null),
  });
}

test.each(readdirSync(EXAMPLES))(
  "nodes of %s stand apart, with the clips that they will show",
  async (file) => {
    await open(readFileSync(join(EXAMPLES, file), "utf8"));
    const state = scene.store.getState();
    const boxes = [...state.boxes].map(([id, box]) => ({
      ...box,
      id,
      height: highest(state, state.nodes.get(id)!),
    }));
    const near = boxes.flatMap((a, i) =>
      boxes.slice(i + 1).flatMap((b) => {
        const across = Math.max(a.x, b.x) - Math.min(a.x + a.width, b.x + b.width);
        const down = Math.max(a.y, b.y) - Math.min(a.y + a.height, b.y + b.height);
        return Math.max(across, down) < LEAST_GAP ? [`${a.id} and ${b.id}`] : [];
      }),
    );
    expect(near).toEqual([]);
  },
);

test("a sampler has room for a clip of its latent's shape, a loader for nothing", async () => {
  await open(readFileSync(join(EXAMPLES, "text-to-video.json"), "utf8"));
  const state = scene.store.getState();
  const room = (id: string) => {
    const view = state.nodes.get(id)!;
    return highest(state, view) - view.layout.height;
  };
  expect(room("sampler")).toBe(state.nodes.get("sampler")!.layout.width - 16 + 2);
  expect(room("save")).toBeGreaterThan(150);
  expect(room("vae")).toBe(0);
});
