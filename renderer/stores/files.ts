/** How the window reaches files: a shell's dialogs, or what a web page can do by itself. */
export interface PickedFile {
  readonly name: string;
  /** Full path where there is one; a web page has none. */
  readonly path: string | null;
  readonly data: Uint8Array<ArrayBuffer>;
}

export interface Files {
  /** Lets people choose a graph, picture or clip; null: they did not. */
  pick(): Promise<PickedFile | null>;
  /** Writes to `path`, or asks where when it is null; where it was written, null when not. */
  save(name: string, path: string | null, text: string): Promise<string | null>;
  /** Lets people choose a folder; null: they did not, or it cannot be done here. */
  pickFolder(): Promise<string | null>;
  /** Shows a file in the system's own folder window. */
  reveal(path: string): Promise<void>;
  /** Path of a file that was dropped on the window; null on a web page. */
  pathOf(file: File): string | null;
}
