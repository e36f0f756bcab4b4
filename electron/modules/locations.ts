/** Where the app's own files lie, for dist/ of a checkout and for a package alike. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The page's scheme and host: its files are served by app-protocol.ts. */
export const APP_SCHEME = "umbel";
export const APP_ORIGIN = `${APP_SCHEME}://app`;
export const MEDIA_SCHEME = "umbel-media";

const DIST = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const RENDERER_FOLDER = join(DIST, "renderer");
export const PRELOAD_SCRIPT = join(DIST, "electron", "preload.cjs");
export const SERVICE_ENTRY = join(DIST, "runtime", "service-worker.js");
export const ENGINE_ENTRY = join(DIST, "runtime", "worker.js");
export const ICON = join(RENDERER_FOLDER, "icon.png");
