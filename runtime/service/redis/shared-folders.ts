import { join } from "node:path";
import type { EngineSettings } from "#runtime/protocol/engine-messages";

/** Folders that a server and its workers share, inside the output folder. */
export function sharedFolders(engine: EngineSettings): EngineSettings & { receiptFolder: string } {
  const shared = join(engine.outputFolder, ".umbel");
  return {
    ...engine,
    temporaryFolder: join(shared, "temporary"),
    receiptFolder: join(shared, "receipts"),
  };
}
