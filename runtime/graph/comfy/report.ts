/** What reading a ComfyUI workflow repaired or did not know. */
export interface ImportNote {
  /** Id as in the file, "outer:inner" inside subgraphs' definitions; null for the whole file. */
  readonly node: string | null;
  /** Info: read with its meaning kept. Warning: something may be missing or run otherwise. */
  readonly severity: "info" | "warning";
  readonly reason: string;
}

export type Reporter = (severity: ImportNote["severity"], reason: string) => void;

export function formatNote({ node, severity, reason }: ImportNote): string {
  return `${severity}${node === null ? "" : ` at ${node}`}: ${reason}`;
}
