/** Which calls of the contract the library answers. */
import type { z } from "zod";
import type { Contract, Result } from "#runtime/protocol/contract";

export type LibraryMethod =
  | "nodes.list"
  | "files.list"
  | "files.add"
  | "graph.check"
  | "graph.plan"
  | "graph.mask"
  | "graph.open"
  | "graph.export"
  | "models.list"
  | "models.missing"
  | "models.addFolder"
  | "models.addFile"
  | "models.probe"
  | "models.download"
  | "models.downloads"
  | "models.control"
  | "results.compare";

/** The signal ends a call whose client is gone; without one a call runs to its end. */
export type LibraryHandlers = {
  readonly [M in LibraryMethod]: (
    params: z.output<Contract[M]["params"]>,
    signal?: AbortSignal,
  ) => Promise<Result<M>> | Result<M>;
};
