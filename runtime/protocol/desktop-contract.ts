/**
 * What the window asks of the desktop shell and what it is told: the one place where a call is added. A call is a line
 * here and a handler in electron/modules. Both ends check with these schemas.
 */
import { z } from "zod";
import { binary } from "./service-values.ts";

const nothing = z.object({});
const done = z.null();
const path = z.string().min(1).max(4096);
const name = z.string().min(1).max(255);
const file = z.object({ place: z.enum(["output", "temporary", "input"]), path });

/** What a file dialog offers. */
export const fileKind = z.enum(["graph", "export", "media", "image", "video", "model"]);

export const openedFile = z.object({
  name,
  /** Null when it has no place of its own (a download, a browser's upload). */
  path: path.nullable(),
  data: binary,
  /** Names these bytes: a save that gives it back is refused when the file holds others. */
  version: z.string().nullable(),
});

const savedFile = z.object({ name, path: path.nullable(), version: z.string().nullable() });

export const saveOutcome = z.discriminatedUnion("state", [
  z.object({ state: z.literal("saved"), version: z.string().nullable() }),
  /** Somebody else has written the file; nothing was saved. `version` is null when it is gone. */
  z.object({ state: z.literal("changed"), version: z.string().nullable() }),
]);

export const recentFile = z.object({ path, name, opened: z.number() });

function call<P extends z.ZodType, R extends z.ZodType>(params: P, result: R) {
  return { params, result };
}

export const desktopCalls = {
  "app.info": call(
    nothing,
    z.object({
      version: z.string(),
      platform: z.string(),
      /** Of this window: begins the ids of its journal entries; the same when its page is loaded anew. */
      session: z.string(),
      /** Of all open windows: entries of others belong to nobody. */
      sessions: z.array(z.string()),
      /** This window takes entries that belong to nobody: the first one of a run. */
      restore: z.boolean(),
    }),
  ),
  /** A port to the runtime service follows as a window message named SERVICE_PORT. */
  "service.connect": call(nothing, done),

  /** Ends the runtime service, should it run, and starts it now. */
  "service.restart": call(nothing, done),

  "files.open": call(z.object({ kind: fileKind, many: z.boolean() }), z.array(openedFile)),
  /** Of files that may be too large to read: a place only. */
  "files.pick": call(z.object({ kind: fileKind }), path.nullable()),
  "files.pickFolder": call(z.object({ title: z.string().max(200) }), path.nullable()),
  /** A file that was opened, saved or dropped before, in this run or an earlier one. */
  "files.read": call(z.object({ path }), openedFile),
  /** Files that the operating system or another start of the app wants opened; each is given once. */
  "files.take": call(nothing, z.array(openedFile)),
  /** `version` null writes whatever is there. */
  "files.save": call(z.object({ path, data: binary, version: z.string().nullable() }), saveOutcome),
  "files.saveAs": call(z.object({ kind: fileKind, name, data: binary }), savedFile.nullable()),
  /** Copies a result to a place that the user chooses. */
  "files.exportResult": call(z.object({ file, name }), path.nullable()),
  "files.reveal": call(z.union([z.object({ path }), file]), done),
  /** This window shows the file: its changes on disk are told, and other windows that show it. */
  "files.claim": call(
    z.object({ path, version: z.string().nullable() }),
    z.object({ shared: z.boolean() }),
  ),
  "files.release": call(z.object({ path }), done),
  /** Brings the other window that shows the file to the front; false when there is none any more. */
  "files.showOther": call(z.object({ path }), z.boolean()),

  "recents.list": call(nothing, z.array(recentFile)),
  "recents.remove": call(z.object({ path }), done),
  "recents.clear": call(nothing, done),

  "window.new": call(nothing, done),
  "window.state": call(
    z.object({ title: z.string().max(300), dirty: z.boolean(), path: path.nullable() }),
    done,
  ),
  "window.theme": call(z.object({ theme: z.enum(["system", "dark", "light"]) }), done),
  /** Whether the window asks the page before it closes (event "window.closing"). */
  "window.guard": call(z.object({ on: z.boolean() }), done),
  "window.close": call(nothing, done),
} as const;

export const desktopEvents = {
  /** "files.take" has something. */
  "files.waiting": nothing,
  /** Written by another program; null: it is gone. */
  "files.changed": z.object({ path, version: z.string().nullable() }),
  /** Whether another window shows the same file. */
  "files.shared": z.object({ path, shared: z.boolean() }),
  /** The user wants the window closed: "window.close" does it. */
  "window.closing": nothing,
  /** The runtime service ended again and again right after its start: in words, and what it printed last. */
  "service.down": z.object({ message: z.string(), details: z.string() }),
  /** A command of the menu, by its name in the page's command list. */
  "menu.command": z.object({ command: z.string() }),
} as const;

export type DesktopCall = keyof typeof desktopCalls;
export type DesktopParams<C extends DesktopCall> = z.input<(typeof desktopCalls)[C]["params"]>;
export type DesktopResult<C extends DesktopCall> = z.output<(typeof desktopCalls)[C]["result"]>;
export type DesktopEvent = keyof typeof desktopEvents;
export type DesktopEventData<E extends DesktopEvent> = z.output<(typeof desktopEvents)[E]>;

export type FileKind = z.infer<typeof fileKind>;
export type OpenedFile = z.infer<typeof openedFile>;
export type SaveOutcome = z.infer<typeof saveOutcome>;
export type RecentFile = z.infer<typeof recentFile>;

/** Data of the window message that carries a port to the runtime service. */
export const SERVICE_PORT = "umbel:service-port";

/** What the preload script gives the page, as `window.umbelDesktop`. */
export interface DesktopBridge {
  /** Rejects with an object of the form of an ErrorRecord: classes do not cross into the page. */
  call<C extends DesktopCall>(name: C, params: DesktopParams<C>): Promise<DesktopResult<C>>;
  on<E extends DesktopEvent>(name: E, listener: (data: DesktopEventData<E>) => void): () => void;
  /** Reads a File that the user dropped or chose, with its place. `File` of the page: this module knows no DOM. */
  dropped(file: unknown): Promise<OpenedFile>;
}
