/** The engine process's way to its parent: Electron's parentPort in a utility process, else the channel of a fork. */
import type { FromEngine } from "#runtime/protocol/engine-messages";

export interface ParentLink {
  send(message: FromEngine, sent?: () => void): void;
  onMessage(listener: (message: unknown) => void): void;
  /** The parent is gone. */
  onLost(listener: () => void): void;
}

interface ParentPort {
  postMessage(message: unknown): void;
  on(event: "message", listener: (event: { readonly data: unknown }) => void): void;
  on(event: "close", listener: () => void): void;
}

export function openParentLink(): ParentLink {
  const { parentPort } = process as unknown as { readonly parentPort?: ParentPort | null };
  return parentPort ? portLink(parentPort) : channelLink();
}

function portLink(port: ParentPort): ParentLink {
  return {
    send: (message, sent) => {
      port.postMessage(message);
      // A port tells nothing of its delivery; what was posted is on its way once the loop has turned.
      if (sent) setTimeout(sent, 100);
    },
    onMessage: (listener) => port.on("message", ({ data }) => listener(data)),
    onLost: (listener) => port.on("close", listener),
  };
}

function channelLink(): ParentLink {
  return {
    // Without a parent there is nobody to tell: the loss of the channel ends the process.
    send: (message, sent) => {
      process.send?.(message, () => sent?.());
    },
    onMessage: (listener) => process.on("message", listener),
    onLost: (listener) => process.on("disconnect", listener),
  };
}
