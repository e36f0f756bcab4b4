/** Calls that check, plan, open and export graphs. */
import { checkDocument } from "#runtime/engine/check-document";
import { engineFiles } from "#runtime/engine/engine-files";
import { openGraphBytes } from "#runtime/engine/open-graph";
import { UmbelError } from "#runtime/errors";
import { descriptionFacts } from "#runtime/graph/comfy/description-facts";
import { formatDocument } from "#runtime/graph/comfy/format-document";
import type { LibraryContext } from "./context.ts";
import type { FolderLists } from "./folder-lists.ts";
import { GraphPlans } from "./graph-plans.ts";
import type { LibraryHandlers } from "./methods.ts";
import { MaskReports } from "./mask-reports.ts";
import { StepShares } from "./step-shares.ts";
import type { TaskThread } from "./task-thread.ts";

const MOST_BYTES = 512 << 20;

type GraphMethod = "graph.check" | "graph.plan" | "graph.mask" | "graph.open" | "graph.export";

export function graphHandlers(
  context: LibraryContext,
  thread: TaskThread,
  lists: FolderLists,
): Pick<LibraryHandlers, GraphMethod> {
  const files = () => engineFiles(context.engineSettings());
  const facts = descriptionFacts(context.registry.descriptions);
  const plans = new GraphPlans(context, thread);
  const masks = new MaskReports(
    new StepShares((name) => files().modelPath("diffusion_models", name)),
  );
  return {
    "graph.check": ({ document }) => {
      const { problems } = checkDocument(document, context.registry, (folder) =>
        lists.list(folder),
      );
      return [...problems];
    },
    "graph.plan": (request, signal) => plans.get(request, signal),
    "graph.mask": (request) => masks.get(request),
    "graph.open": async ({ name, data }) => {
      if (data.byteLength > MOST_BYTES) {
        throw new UmbelError(
          "ERR_DOCUMENT",
          `Expected a file of at most ${MOST_BYTES >> 20} MiB, got ${Math.ceil(data.byteLength / 2 ** 20)} MiB in ${JSON.stringify(name)}.`,
        );
      }
      const { document, report } = await openGraphBytes(name, data, facts);
      const notes = report.map(({ node, severity, reason }) => ({
        node,
        severity,
        message: reason,
      }));
      return { document, notes };
    },
    "graph.export": ({ document, format }) => ({ text: formatDocument(document, format, facts) }),
  };
}
