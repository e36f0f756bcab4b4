/** What validation finds. All problems of a document are reported at once. */

export type ProblemCode =
  | "unknown_node_type"
  | "unknown_subgraph"
  | "subgraph_recursion"
  | "dangling_link"
  | "unknown_socket"
  | "duplicate_link"
  | "type_mismatch"
  | "cycle"
  | "no_output"
  | "missing_input"
  | "unknown_value"
  | "wrong_value_type"
  | "value_below_min"
  | "value_above_max"
  | "value_not_in_list"
  | "missing_file"
  | "node_check";

export interface Problem {
  readonly code: ProblemCode;
  /** Errors keep a graph from running. Warnings do not, but for missing_file: such a graph is whole and can be planned. */
  readonly severity: "error" | "warning";
  /** Resolved id ("outer:inner" inside subgraphs); absent for problems of the whole document. */
  readonly node?: string;
  readonly socket?: string;
  /** "Expected ..., got ...." with what to do. */
  readonly message: string;
  /** What would do instead: of a type that is not known, one that takes and gives the same; of a missing file, another. */
  readonly nearest?: string;
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === "error");
}

export function formatProblem(problem: Problem): string {
  const place = [problem.node, problem.socket].filter((part) => part !== undefined).join(".");
  return `${problem.severity}${place === "" ? "" : ` at ${place}`}: ${problem.message} [${problem.code}]`;
}
