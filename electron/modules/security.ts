/** What no page of the app may do, whatever it contains. */
import { app, session } from "electron";
import { APP_ORIGIN } from "./locations.ts";

/** Copying nodes, pasting them in another window, and showing a clip on the whole screen: what the page itself offers. */
const GRANTED: readonly string[] = ["clipboard-sanitized-write", "clipboard-read", "fullscreen"];

export function refuseEverythingElse(): void {
  app.on("web-contents-created", (_event, contents) => {
    contents.setWindowOpenHandler(() => ({ action: "deny" }));
    contents.on("will-attach-webview", (event) => event.preventDefault());
    contents.on("will-frame-navigate", (event) => {
      if (!event.isMainFrame || event.url !== `${APP_ORIGIN}/`) event.preventDefault();
    });
    contents.on("will-redirect", (event) => event.preventDefault());
  });
}

/** Once the app is ready: before that there is no session. */
export function denyPermissions(): void {
  const own = (url: string | undefined, permission: string) =>
    GRANTED.includes(permission) && (url === APP_ORIGIN || url === `${APP_ORIGIN}/`);
  const { defaultSession } = session;
  defaultSession.setPermissionRequestHandler((_contents, permission, grant, details) =>
    grant(details.isMainFrame && own(details.requestingUrl, permission)),
  );
  defaultSession.setPermissionCheckHandler((_contents, permission, origin) =>
    own(origin, permission),
  );
  defaultSession.setDevicePermissionHandler(() => false);
}
