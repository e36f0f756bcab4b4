import type { RuntimeClient } from "#runtime/protocol/client";
import { createDesktopShell, desktopBridge } from "./client/desktop-shell.ts";
import { connectOverPort } from "./client/port.ts";
import type { Shell } from "./client/shell.ts";
import { connectOverHttp } from "./client/socket.ts";
import { openTabSession } from "./client/tab-session.ts";
import { createWebShell } from "./client/web-shell.ts";
import { openWindow } from "./open-window.tsx";

async function connect(): Promise<{ client: RuntimeClient; shell: Shell }> {
  const bridge = desktopBridge();
  if (bridge !== null)
    return { client: connectOverPort(bridge), shell: createDesktopShell(bridge) };
  const tab = await openTabSession(location.origin, sessionStorage);
  const client = connectOverHttp(location.origin, tab.session);
  return { client, shell: createWebShell((file) => client.mediaUrl(file), tab) };
}

const { client, shell } = await connect();
const editor = openWindow(client, shell, await shell.info());
// For work in the console and for tests of the whole app.
Object.assign(globalThis, { umbel: { editor, client } });
