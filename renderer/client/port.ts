/** The page's connection in the desktop app: the main process hands over ports, the service answers on them. */
import { z } from "zod";
import type { RuntimeClient } from "#runtime/protocol/client";
import { SERVICE_PORT, type DesktopBridge } from "#runtime/protocol/desktop-contract";
import { createPortClient } from "./port-client.ts";

// The page's policy forbids code from strings, which zod would otherwise try.
z.config({ jitless: true });

export function connectOverPort(bridge: DesktopBridge): RuntimeClient {
  const client = createPortClient(
    ({ place, path }) =>
      `umbel-media://${place}/${path.split("/").map(encodeURIComponent).join("/")}`,
  );
  window.addEventListener("message", ({ source, data, ports: [port] }) => {
    if (source === window && data === SERVICE_PORT && port !== undefined) client.attach(port);
  });
  bridge.call("service.connect", {}).catch((error: unknown) => console.error(error));
  return client;
}
