/** macOS keeps its menu bar; elsewhere the page has the commands, and the window no bar. */
import { app, BrowserWindow, Menu, type MenuItemConstructorOptions } from "electron";
import { sendEvent } from "../ipc/main.ts";

export function setMenu(): void {
  if (process.platform !== "darwin") return Menu.setApplicationMenu(null);
  const command = (label: string, name: string, accelerator?: string) => ({
    label,
    ...(accelerator === undefined ? {} : { accelerator }),
    click: () => {
      const target = BrowserWindow.getFocusedWindow()?.webContents;
      if (target !== undefined) sendEvent(target, "menu.command", { command: name });
    },
  });
  const template: MenuItemConstructorOptions[] = [
    { role: "appMenu" },
    {
      label: "File",
      submenu: [
        command("New graph", "file.new", "Cmd+N"),
        command("Open...", "file.open", "Cmd+O"),
        { type: "separator" },
        command("Save", "file.save", "Cmd+S"),
        command("Save as...", "file.save-as", "Shift+Cmd+S"),
        { type: "separator" },
        { role: "close" },
      ],
    },
    { role: "editMenu" },
    { role: "viewMenu", submenu: [{ role: "togglefullscreen" }] },
    { role: "windowMenu" },
  ];
  app.setAboutPanelOptions({ applicationName: "Umbel", applicationVersion: app.getVersion() });
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}
