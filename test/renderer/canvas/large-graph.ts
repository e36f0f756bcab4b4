/** Graphs as large as one likes, of two classes that are like those that people use most. */
import { DOCUMENT_VERSION, type GraphDocument } from "#runtime/graph/document";
import type { InputDescription, NodeDescription } from "#runtime/protocol/node-description";
import type { WindowInfo } from "../../../renderer/client/shell.ts";
import { createWebShell } from "../../../renderer/client/web-shell.ts";
import { createFakeClient } from "../../../renderer/fake/fake-client.ts";
import { createEditor, type Editor } from "../../../renderer/stores/editor.ts";

const COLUMNS = 40;

const socket = (name: string, type: string): InputDescription => ({
  name,
  type,
  kind: "socket",
  optional: false,
});

const described = (
  type: string,
  inputs: readonly InputDescription[],
  output: string,
): NodeDescription => ({
  type,
  title: type,
  category: "sampling",
  description: "",
  version: 1,
  inputs,
  outputs: [{ name: output, type: output }],
  output: false,
  deprecated: false,
  searchAliases: [],
});

const CLASSES: readonly NodeDescription[] = [
  described(
    "KSampler",
    [
      socket("model", "MODEL"),
      socket("positive", "CONDITIONING"),
      socket("latent_image", "LATENT"),
      { name: "seed", type: "INT", kind: "seed", optional: false, default: "0" },
      {
        name: "steps",
        type: "INT",
        kind: "int",
        optional: false,
        default: 20,
        min: 1,
        max: 10_000,
      },
      {
        name: "sampler_name",
        type: "COMBO",
        kind: "combo",
        optional: false,
        options: ["euler"],
        default: "euler",
      },
    ],
    "LATENT",
  ),
  described(
    "LoraLoaderModelOnly",
    [
      socket("model", "MODEL"),
      {
        name: "strength_model",
        type: "FLOAT",
        kind: "float",
        optional: false,
        default: 1,
        min: -100,
        max: 100,
      },
    ],
    "MODEL",
  ),
];

/** Chains of a LoRA, a shift and a LoRA again, side by side; half as many links again cross over. */
export function largeGraph(nodes: number): GraphDocument {
  const ids = Array.from({ length: nodes }, (_, i) => `n${i}`);
  const graph: GraphDocument = { umbel: DOCUMENT_VERSION, nodes: {}, links: [] };
  ids.forEach((id, i) => {
    const sampler = i % 4 === 3;
    graph.nodes[id] = {
      type: sampler ? "KSampler" : "LoraLoaderModelOnly",
      values: sampler ? { steps: 20 } : { strength_model: 1 },
      at: [(i % COLUMNS) * 300, Math.floor(i / COLUMNS) * 420],
    };
    const source = ids[i - (i % 4 === 0 ? 2 : 1)];
    if (source !== undefined && i % 4 !== 0)
      graph.links.push({ from: [source, "MODEL"], to: [id, "model"] });
  });
  return graph;
}

export async function testEditor(nodes: readonly NodeDescription[] = CLASSES): Promise<Editor> {
  const client = createFakeClient({ nodes });
  const info: WindowInfo = {
    version: "",
    platform: "web",
    session: "test",
    sessions: ["test"],
    restore: true,
  };
  const editor = createEditor(
    client,
    createWebShell((file) => client.mediaUrl(file)),
    info,
  );
  await editor.nodes.load();
  return editor;
}
