/** Where a run finds models and inputs and puts results; one interface for the engine, the planner and the server. */
export interface EngineFiles {
  /** Full path of a file of a model folder. Throws ERR_FILE naming the nearest. */
  modelPath(folder: string, name: string): string;
  /** Full path of an input file. Throws ERR_FILE. */
  inputPath(name: string): string;
  /** Names in a model folder or in "input", sorted. */
  list(folder: string): readonly string[];
  readonly outputFolder: string;
  readonly temporaryFolder: string;
}
