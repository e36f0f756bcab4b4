/** The main process's end of the desktop contract. The only importer of ipcMain. */
import { ipcMain, type IpcMainInvokeEvent, type WebContents } from "electron";
import { toUmbelError, UmbelError } from "#runtime/errors";
import {
  desktopCalls,
  desktopEvents,
  type DesktopCall,
  type DesktopEvent,
  type DesktopEventData,
  type DesktopResult,
  type OpenedFile,
} from "#runtime/protocol/desktop-contract";
import type { z } from "zod";
import { APP_ORIGIN } from "../modules/locations.ts";
import {
  callChannel,
  DROP_CHANNEL,
  eventChannel,
  PORT_CHANNEL,
  type IpcReply,
} from "./channels.ts";

export type CallHandler<C extends DesktopCall> = (
  params: z.output<(typeof desktopCalls)[C]["params"]>,
  sender: WebContents,
) => Promise<DesktopResult<C>> | DesktopResult<C>;

export type CallHandlers = { readonly [C in DesktopCall]: CallHandler<C> };

/** Registers handlers; every call is checked for who sends it and what it carries before its handler sees it. */
export function handleCalls(handlers: Partial<CallHandlers>): void {
  for (const [name, handler] of Object.entries(handlers)) {
    const call = name as DesktopCall;
    ipcMain.handle(callChannel(call), (event, params: unknown) =>
      answer(call, handler as CallHandler<DesktopCall>, event, params),
    );
  }
}

/** Files that were dropped: the preload script has their places from the drop itself. */
export function handleDrops(open: (drop: { path: string }) => Promise<OpenedFile>): void {
  ipcMain.handle(DROP_CHANNEL, async (event, drop: unknown): Promise<IpcReply> => {
    try {
      checkSender(event);
      return { result: await open(desktopCalls["files.read"].params.parse(drop)) };
    } catch (error) {
      return { error: toUmbelError(error).toJSON() };
    }
  });
}

export function sendEvent<E extends DesktopEvent>(
  target: WebContents,
  name: E,
  data: DesktopEventData<E>,
): void {
  if (!target.isDestroyed()) target.send(eventChannel(name), desktopEvents[name].parse(data));
}

export function sendPort(target: WebContents, port: Electron.MessagePortMain): void {
  if (!target.isDestroyed()) target.postMessage(PORT_CHANNEL, null, [port]);
}

async function answer(
  name: DesktopCall,
  handler: CallHandler<DesktopCall>,
  event: IpcMainInvokeEvent,
  params: unknown,
): Promise<IpcReply> {
  try {
    checkSender(event);
    const checked = desktopCalls[name].params.safeParse(params);
    if (!checked.success) {
      const { path, message } = checked.error.issues[0]!;
      throw new UmbelError(
        "ERR_INVALID_ARGUMENT",
        `Expected parameters that fit ${name}, got a bad ${path.join(".") || "value"}: ${message}.`,
      );
    }
    return { result: await handler(checked.data as never, event.sender) };
  } catch (error) {
    return { error: toUmbelError(error).toJSON() };
  }
}

/** Only the app's own page in a window's main frame may call. */
function checkSender({ senderFrame, sender }: IpcMainInvokeEvent): void {
  const url = senderFrame?.url ?? "";
  if (senderFrame === sender.mainFrame && url.startsWith(`${APP_ORIGIN}/`)) return;
  throw new UmbelError("ERR_INVALID_ARGUMENT", `Expected a call of the app's page, got "${url}".`);
}
