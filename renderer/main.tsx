import { createDesktopShell, desktopBridge } from "./client/desktop-shell.ts";
import { connectOverPort } from "./client/port.ts";
import { connectOverHttp } from "./client/socket.ts";
import { createWebShell } from "./client/web-shell.ts";
import { openWindow } from "./open-window.tsx";

const bridge = desktopBridge();
const client = bridge === null ? connectOverHttp(location.origin) : connectOverPort(bridge);
const shell =
  bridge === null ? createWebShell((file) => client.mediaUrl(file)) : createDesktopShell(bridge);

const editor = openWindow(client, shell, await shell.info());
// For work in the console and for tests of the whole app.
Object.assign(globalThis, { umbel: { editor, client } });
