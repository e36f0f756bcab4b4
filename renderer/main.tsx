import { createRoot } from "react-dom/client";
import { createDesktopFiles } from "./client/desktop-files.ts";
import { createDesktopShell, desktopBridge } from "./client/desktop-shell.ts";
import { connectOverPort } from "./client/port.ts";
import { openWindow } from "./open-window.tsx";

const bridge = desktopBridge();

if (bridge === null) {
  createRoot(document.getElementById("root")!).render(<p>Umbel runs in its desktop window.</p>);
} else {
  openWindow(connectOverPort(bridge), createDesktopFiles(createDesktopShell(bridge)));
}
