/** The desktop app: which parts it has and in which order they start. */
import { app } from "electron";
import { join } from "node:path";
import { handleCalls, sendEvent } from "./ipc/main.ts";
import { Files } from "./modules/files.ts";
import { setMenu } from "./modules/menu.ts";
import { handleProtocols, registerSchemes } from "./modules/protocols.ts";
import { denyPermissions, refuseEverythingElse } from "./modules/security.ts";
import { ServiceProcess } from "./modules/service-process.ts";
import { becomeOnlyInstance } from "./modules/single-instance.ts";
import { Windows } from "./modules/windows.ts";

const dataFolder = app.getPath("userData");
const windows = new Windows(dataFolder);
const service = new ServiceProcess({
  version: app.getVersion(),
  dataFolder: join(dataFolder, "service"),
  workFolder: join(app.getPath("home"), "Umbel"),
  tellDown: (client, down) => sendEvent(client, "service.down", down),
});
const mediaFolders = () => service.folders;
const files = new Files({ dataFolder, windows, mediaFolders });

registerSchemes();
refuseEverythingElse();

const isOnly = becomeOnlyInstance({
  onOpen: (paths) => {
    files.openLater(paths);
    const window = windows.current();
    if (window !== null) windows.show(window.webContents.id);
    else if (app.isReady()) windows.create();
  },
});

async function start(): Promise<void> {
  service.start();
  denyPermissions();
  setMenu();
  handleProtocols(mediaFolders);
  handleCalls({
    "service.connect": (_params, sender) => {
      service.connect(sender);
      return null;
    },
    "service.restart": async () => {
      await service.restart();
      return null;
    },
  });
  windows.enable();
  await files.enable();
  windows.create();
}

if (isOnly) {
  app.on("activate", () => {
    if (app.isReady() && windows.current() === null) windows.create();
  });
  app.on("window-all-closed", () => {
    if (process.platform !== "darwin") app.quit();
  });
  app.on("will-quit", (event) => {
    event.preventDefault();
    void service.stop().finally(() => app.exit());
  });
  app.whenReady().then(start, () => app.exit(1));
} else {
  app.quit();
}
