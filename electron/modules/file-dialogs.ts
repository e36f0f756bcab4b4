import { BrowserWindow, dialog, type FileFilter, type WebContents } from "electron";
import type { FileKind } from "#runtime/protocol/desktop-contract";

const IMAGES = ["png", "jpg", "jpeg", "webp"];
const VIDEOS = ["mp4", "webm", "mov", "mkv", "m4v"];

const FILTERS: Readonly<Record<FileKind, FileFilter>> = {
  graph: {
    name: "Graphs, and results that hold one",
    extensions: ["json", "umbel", ...VIDEOS, ...IMAGES],
  },
  export: { name: "Graphs", extensions: ["json"] },
  media: { name: "Pictures and clips", extensions: [...VIDEOS, ...IMAGES] },
  image: { name: "Pictures", extensions: IMAGES },
  video: { name: "Clips", extensions: VIDEOS },
  model: { name: "Models", extensions: ["safetensors", "gguf", "sft"] },
};

/** The paths chosen; none when the dialog was left. */
export async function askForFiles(
  sender: WebContents,
  kind: FileKind,
  many: boolean,
): Promise<readonly string[]> {
  const { filePaths } = await dialog.showOpenDialog(windowOf(sender), {
    filters: [FILTERS[kind], { name: "All files", extensions: ["*"] }],
    properties: many ? ["openFile", "multiSelections"] : ["openFile"],
  });
  return filePaths;
}

export async function askForFolder(sender: WebContents, title: string): Promise<string | null> {
  const { filePaths } = await dialog.showOpenDialog(windowOf(sender), {
    title,
    properties: ["openDirectory", "createDirectory"],
  });
  return filePaths[0] ?? null;
}

/** Where to save; null when the dialog was left. A graph gets the ending .json when it has none. */
export async function askWhereToSave(
  sender: WebContents,
  kind: FileKind,
  name: string,
): Promise<string | null> {
  const filter =
    kind === "graph" ? { name: "Graph", extensions: ["json", "umbel"] } : FILTERS[kind];
  const { filePath } = await dialog.showSaveDialog(windowOf(sender), {
    defaultPath: name,
    filters: [filter],
    properties: ["createDirectory", "showOverwriteConfirmation"],
  });
  return filePath || null;
}

function windowOf(sender: WebContents): BrowserWindow {
  const window = BrowserWindow.fromWebContents(sender);
  if (window === null) throw new Error("Expected a page in a window, got one without.");
  return window;
}
