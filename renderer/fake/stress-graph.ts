/** A graph of any size for measuring: chains of four nodes, with links across them up to the wanted number. */
import { DOCUMENT_VERSION, type GraphDocument } from "#runtime/graph/document";

const COLUMNS = 40;
const COLUMN = 320;
const ROW = 460;

export function stressGraph(nodes: number, links: number): GraphDocument {
  const graph: GraphDocument = { umbel: DOCUMENT_VERSION, nodes: {}, links: [] };
  const sampler = (i: number) => i % 4 === 3;
  for (let i = 0; i < nodes; i++) {
    graph.nodes[`n${i}`] = {
      type: sampler(i) ? "KSampler" : i % 4 === 0 ? "CLIPTextEncode" : "LoraLoaderModelOnly",
      values: sampler(i) ? { steps: 20, cfg: 5 } : i % 4 === 0 ? { text: "a meadow at dawn" } : {},
      at: [(i % COLUMNS) * COLUMN, Math.floor(i / COLUMNS) * ROW],
    };
  }
  const link = (from: number, output: string, to: number, input: string) => {
    if (graph.links.length < links && from >= 0)
      graph.links.push({ from: [`n${from}`, output], to: [`n${to}`, input] });
  };
  for (let i = 3; i < nodes; i += 4) {
    link(i - 2, "MODEL", i - 1, "model");
    link(i - 1, "MODEL", i, "model");
    link(i - 3, "CONDITIONING", i, "positive");
    link(i - 7, "CONDITIONING", i, "negative");
    link(i - 4, "LATENT", i, "latent_image");
    link(i - 6, "MODEL", i - 2, "model");
  }
  return graph;
}
