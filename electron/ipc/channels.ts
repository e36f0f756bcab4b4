/** Names of the channels between the main process and the preload script, and what a call comes back as. */
import type { ErrorRecord } from "#runtime/errors";
import type { DesktopCall, DesktopEvent } from "#runtime/protocol/desktop-contract";

export const PORT_CHANNEL = "umbel:port";
/** A file whose place the preload script has from the drop itself. The page has no way to send it. */
export const DROP_CHANNEL = "umbel:drop";
export const callChannel = (name: DesktopCall): string => `umbel:call:${name}`;
export const eventChannel = (name: DesktopEvent): string => `umbel:event:${name}`;

export type IpcReply = { readonly result: unknown } | { readonly error: ErrorRecord };
