// A browser without anything of the desktop app: pages are opened from outside, shut in as in any browser.
import { app, BrowserWindow } from "electron";

app.on("window-all-closed", () => undefined);
void app.whenReady().then(() => new BrowserWindow({ show: false }).loadURL("about:blank"));
