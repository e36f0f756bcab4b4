/** The shell of a page in a browser: a chooser to open, a download to save. */
import { UmbelError } from "#runtime/errors";
import type { FileKind, OpenedFile } from "#runtime/protocol/desktop-contract";
import type { Shell, WindowInfo } from "./shell.ts";
import type { TabSession } from "./tab-session.ts";

const ACCEPTED: Readonly<Record<FileKind, string>> = {
  export: ".json",
  graph: ".json,.png,.webp,.mp4,.webm",
  media: "image/*,video/*",
  image: "image/*",
  video: "video/*",
  model: ".safetensors,.gguf",
};

/** Of a page without a server. */
const LONE: TabSession = { session: "web", sessions: ["web"] };

/** Of a tab, by what the server knows of others; a tab that is opened takes over what closed ones have left. */
export function webWindowInfo({ session, sessions }: TabSession = LONE): WindowInfo {
  return { version: "", platform: "web", session, sessions, restore: true };
}

export function createWebShell(
  mediaUrl: (file: { place: "output" | "temporary" | "input"; path: string }) => string,
  tab: TabSession = LONE,
): Shell {
  return {
    desktop: false,
    info: async () => webWindowInfo(tab),
    open: choose,
    pick: async () => null,
    pickFolder: async () => null,
    read: async (path) => {
      throw new UmbelError(
        "ERR_FILE",
        `Expected a place that a browser can read, got ${path}. Open the file again.`,
      );
    },
    dropped: readFile,
    save: async (path, data) => {
      download(path, data);
      return { state: "saved", version: null };
    },
    saveAs: async (_kind, name, data) => {
      download(name, data);
      return { name, path: null, version: null };
    },
    exportResult: async (file, name) => {
      follow(mediaUrl(file), name);
      return true;
    },
    reveal: async () => undefined,
    recents: async () => [],
    forget: async () => undefined,
    claim: async () => false,
    release: async () => undefined,
    showOther: async () => false,
    newWindow: async () => void window.open(location.href, "_blank", "noopener"),
    restartRuntime: async () => undefined,
    setState: ({ title }) => void (document.title = title),
    setTheme: () => undefined,
    guard: (on) => void (window.onbeforeunload = on ? (event) => event.preventDefault() : null),
    closeWindow: () => window.close(),
    on: () => () => undefined,
  };
}

function choose(kind: FileKind, many = false): Promise<readonly OpenedFile[]> {
  return new Promise((resolve, reject) => {
    const input = document.createElement("input");
    input.type = "file";
    input.accept = ACCEPTED[kind];
    input.multiple = many;
    input.addEventListener("cancel", () => resolve([]));
    input.addEventListener("change", () => {
      Promise.all([...(input.files ?? [])].map(readFile)).then(resolve, reject);
    });
    input.click();
  });
}

async function readFile(file: File): Promise<OpenedFile> {
  const data = new Uint8Array(await file.arrayBuffer());
  return { name: file.name, path: null, data, version: null };
}

function download(name: string, data: Uint8Array<ArrayBuffer>): void {
  const url = URL.createObjectURL(new Blob([data]));
  follow(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function follow(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}
