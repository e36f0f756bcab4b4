/** The shell of the desktop app, behind the bridge that its preload script puts on the page. */
import { UmbelError, type ErrorCode } from "#runtime/errors";
import type {
  DesktopBridge,
  DesktopCall,
  DesktopParams,
  DesktopResult,
} from "#runtime/protocol/desktop-contract";
import type { MediaFile, Shell, ShellEvents } from "./shell.ts";

/** Null on a page that runs in a browser. */
export function desktopBridge(): DesktopBridge | null {
  return (globalThis as { umbelDesktop?: DesktopBridge }).umbelDesktop ?? null;
}

export function createDesktopShell(bridge: DesktopBridge): Shell {
  const call = <C extends DesktopCall>(name: C, params: DesktopParams<C>) =>
    withErrors(bridge.call(name, params) as Promise<DesktopResult<C>>);
  const tell = <C extends DesktopCall>(name: C, params: DesktopParams<C>) =>
    void call(name, params).catch((error: unknown) => console.error(error));

  const events: { readonly [E in keyof ShellEvents]: (listener: ShellEvents[E]) => () => void } = {
    open(listener) {
      const take = () =>
        void call("files.take", {}).then((files) => {
          if (files.length > 0) listener(files);
        }, console.error);
      // What came before anyone listened waits there.
      take();
      return bridge.on("files.waiting", take);
    },
    changed: (listener) =>
      bridge.on("files.changed", ({ path, version }) => listener(path, version)),
    shared: (listener) => bridge.on("files.shared", ({ path, shared }) => listener(path, shared)),
    command: (listener) => bridge.on("menu.command", ({ command }) => listener(command)),
    runtimeDown: (listener) =>
      bridge.on("service.down", ({ message, details }) => listener(message, details)),
    closing: (listener) => bridge.on("window.closing", () => listener()),
  };

  return {
    desktop: true,
    info: () => call("app.info", {}),
    open: (kind, many = false) => call("files.open", { kind, many }),
    pick: (kind) => call("files.pick", { kind }),
    pickFolder: (title) => call("files.pickFolder", { title }),
    read: (path) => call("files.read", { path }),
    dropped: (file) => withErrors(bridge.dropped(file)),
    save: (path, data, version) => call("files.save", { path, data, version }),
    saveAs: (kind, name, data) => call("files.saveAs", { kind, name, data }),
    async exportResult(file, name) {
      return (await call("files.exportResult", { file: placeOf(file), name })) !== null;
    },
    async reveal(target) {
      await call("files.reveal", "place" in target ? placeOf(target) : { path: target.path });
    },
    recents: () => call("recents.list", {}),
    async forget(path) {
      await call("recents.remove", { path });
    },
    async claim(path, version) {
      return (await call("files.claim", { path, version })).shared;
    },
    async release(path) {
      await call("files.release", { path });
    },
    showOther: (path) => call("files.showOther", { path }),
    async newWindow() {
      await call("window.new", {});
    },
    async restartRuntime() {
      await call("service.restart", {});
    },
    setState: (state) => tell("window.state", state),
    setTheme: (theme) => tell("window.theme", { theme }),
    guard: (on) => tell("window.guard", { on }),
    closeWindow: () => tell("window.close", {}),
    on: (event, listener) => events[event](listener),
  };
}

function placeOf({ place, path }: MediaFile) {
  return { place, path };
}

/** What the bridge rejects with lost its class on the way. */
async function withErrors<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const { code, message } = error as { code?: ErrorCode; message?: string };
    throw new UmbelError(code ?? "ERR_INTERNAL", message ?? String(error), { cause: error });
  }
}
