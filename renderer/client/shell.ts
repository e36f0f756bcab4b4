/** What lies around the page: files, other windows, the operating system. The desktop app has it all, a browser less. */
import type {
  DesktopParams,
  DesktopResult,
  FileKind,
  OpenedFile,
  RecentFile,
  SaveOutcome,
} from "#runtime/protocol/desktop-contract";
import type { RuntimeClient } from "#runtime/protocol/client";

export type MediaFile = Parameters<RuntimeClient["mediaUrl"]>[0];

export interface WindowInfo {
  readonly version: string;
  /** "linux", "darwin", "win32", "web". */
  readonly platform: string;
  /** Begins the ids of this window's journal entries. */
  readonly session: string;
  /** Sessions of all open windows. */
  readonly sessions: readonly string[];
  /** Whether this window takes over journal entries of sessions that are no more. */
  readonly restore: boolean;
}

export interface ShellEvents {
  /** Files that the system, another start of the app or a drop on its icon wants opened. */
  readonly open: (files: readonly OpenedFile[]) => void;
  /** Another program has written a claimed file; null: it is gone. */
  readonly changed: (path: string, version: string | null) => void;
  /** Whether another window shows a claimed file too. */
  readonly shared: (path: string, shared: boolean) => void;
  readonly command: (name: string) => void;
  /** The runtime ended again and again right after its start: why, and what it printed. */
  readonly runtimeDown: (message: string, details: string) => void;
  /** The window is to be closed: with `closeWindow` it is. */
  readonly closing: () => void;
}

export interface Shell {
  /** False in a browser: files come by upload and go by download, and have no place of their own. */
  readonly desktop: boolean;
  info(): Promise<WindowInfo>;
  /** None when the dialog was left. */
  open(kind: FileKind, many?: boolean): Promise<readonly OpenedFile[]>;
  /** A place alone, of a file that may be too large to read; null in a browser. */
  pick(kind: FileKind): Promise<string | null>;
  pickFolder(title: string): Promise<string | null>;
  /** A file that was open before. Rejects with ERR_FILE when it is gone. */
  read(path: string): Promise<OpenedFile>;
  /** With its place in the desktop app, so that it can be saved again. */
  dropped(file: File): Promise<OpenedFile>;
  /** `version` as the file was read: when it holds other bytes by now, nothing is saved. Null overwrites. */
  save(path: string, data: Uint8Array<ArrayBuffer>, version: string | null): Promise<SaveOutcome>;
  saveAs(
    kind: FileKind,
    name: string,
    data: Uint8Array<ArrayBuffer>,
  ): Promise<DesktopResult<"files.saveAs">>;
  /** Copies a result to where the user wants it; false when the dialog was left. */
  exportResult(file: MediaFile, name: string): Promise<boolean>;
  reveal(target: { readonly path: string } | MediaFile): Promise<void>;
  recents(): Promise<readonly RecentFile[]>;
  forget(path: string): Promise<void>;
  /** This window shows the file from now on; whether another one does too. */
  claim(path: string, version: string | null): Promise<boolean>;
  release(path: string): Promise<void>;
  showOther(path: string): Promise<boolean>;
  newWindow(): Promise<void>;
  /** Ends the runtime and starts it again; a page in a browser cannot. */
  restartRuntime(): Promise<void>;
  setState(state: DesktopParams<"window.state">): void;
  setTheme(theme: "system" | "dark" | "light"): void;
  /** While guarded, the page is asked before its window closes. */
  guard(on: boolean): void;
  closeWindow(): void;
  on<E extends keyof ShellEvents>(event: E, listener: ShellEvents[E]): () => void;
}
