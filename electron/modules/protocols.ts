import { protocol } from "electron";
import type { MediaFolders } from "#runtime/protocol/host-messages";
import { appResponse } from "./app-protocol.ts";
import { APP_SCHEME, MEDIA_SCHEME } from "./locations.ts";
import { mediaResponse } from "./media-protocol.ts";

/** Before the app is ready: afterwards schemes cannot get privileges any more. */
export function registerSchemes(): void {
  const shared = { standard: true, secure: true, supportFetchAPI: true };
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { ...shared, codeCache: true } },
    { scheme: MEDIA_SCHEME, privileges: { ...shared, stream: true, corsEnabled: true } },
  ]);
}

export function handleProtocols(mediaFolders: () => MediaFolders | null): void {
  protocol.handle(APP_SCHEME, appResponse);
  protocol.handle(MEDIA_SCHEME, (request) => mediaResponse(request, mediaFolders()));
}
