import { createDesktopFiles } from "./client/desktop-files.ts";
import { createDesktopShell, desktopBridge } from "./client/desktop-shell.ts";
import { connectOverPort } from "./client/port.ts";
import { connectOverHttp } from "./client/socket.ts";
import { openWindow } from "./open-window.tsx";

const bridge = desktopBridge();

if (bridge === null) openWindow(connectOverHttp(location.origin), null);
else openWindow(connectOverPort(bridge), createDesktopFiles(createDesktopShell(bridge)));
