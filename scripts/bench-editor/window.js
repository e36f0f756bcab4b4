// Electron's side of the measurement: one window with the page that UMBEL_BENCH_URL names.
import { app, BrowserWindow } from "electron";

app.whenReady().then(
  () => {
    const window = new BrowserWindow({
      width: 1600,
      height: 1000,
      useContentSize: true,
      webPreferences: { backgroundThrottling: false },
    });
    return window.loadURL(process.env.UMBEL_BENCH_URL ?? "about:blank");
  },
  (error) => {
    console.error(error);
    app.exit(1);
  },
);
