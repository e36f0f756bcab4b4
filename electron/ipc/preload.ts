/** The preload script's end of the desktop contract. The only importer of ipcRenderer. */
import { ipcRenderer, webUtils } from "electron";
import type { ErrorRecord } from "#runtime/errors";
import {
  desktopCalls,
  desktopEvents,
  SERVICE_PORT,
  type DesktopBridge,
  type DesktopCall,
  type DesktopEvent,
} from "#runtime/protocol/desktop-contract";
import {
  callChannel,
  DROP_CHANNEL,
  eventChannel,
  PORT_CHANNEL,
  type IpcReply,
} from "./channels.ts";

export const bridge: DesktopBridge = {
  async call(name, params) {
    const known = Object.hasOwn(desktopCalls, name) ? desktopCalls[name] : null;
    const checked = known?.params.safeParse(params);
    if (known === null || !checked?.success)
      throw refused(`Expected a call of the desktop, got ${String(name)}.`);
    return unwrap(name, await ipcRenderer.invoke(callChannel(name), checked.data));
  },

  on(name, listener) {
    if (!Object.hasOwn(desktopEvents, name))
      throw refused(`Expected an event of the desktop, got ${String(name)}.`);
    const receive = (_event: unknown, data: unknown) => {
      const checked = desktopEvents[name as DesktopEvent].safeParse(data);
      if (checked.success) listener(checked.data as never);
    };
    ipcRenderer.on(eventChannel(name), receive);
    return () => void ipcRenderer.off(eventChannel(name), receive);
  },

  async dropped(file) {
    if (!(file instanceof File)) throw refused("Expected a dropped file, got something else.");
    const path = webUtils.getPathForFile(file);
    if (path !== "") return unwrap("files.read", await ipcRenderer.invoke(DROP_CHANNEL, { path }));
    const data = new Uint8Array(await file.arrayBuffer());
    return { name: file.name, path: null, data, version: null };
  },
};

/** Ports cannot cross the context bridge; as window messages they can. */
export function forwardPorts(): void {
  ipcRenderer.on(PORT_CHANNEL, ({ ports }) =>
    window.postMessage(SERVICE_PORT, location.origin, ports),
  );
}

function unwrap<C extends DesktopCall>(name: C, reply: IpcReply) {
  if ("error" in reply) throw reply.error;
  return desktopCalls[name].result.parse(reply.result) as never;
}

function refused(message: string): ErrorRecord {
  return { code: "ERR_INVALID_ARGUMENT", message };
}
