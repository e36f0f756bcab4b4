/**
 * The engine process's way to whoever gives it jobs: the channel of a fork, or, in Electron's utility process, the port
 * that comes with its parent's first message.
 */
import type { FromEngine } from "#runtime/protocol/engine-messages";

export interface ParentLink {
  send(message: FromEngine, sent?: () => void): void;
  onMessage(listener: (message: unknown) => void): void;
  /** The other side is gone. */
  onLost(listener: () => void): void;
}

interface Port {
  postMessage(message: unknown): void;
  on(event: "message", listener: (event: { readonly data: unknown }) => void): void;
  on(event: "close", listener: () => void): void;
  start(): void;
}

interface ParentPort {
  once(event: "message", listener: (event: { readonly ports: readonly Port[] }) => void): void;
}

export function openParentLink(): ParentLink {
  const { parentPort } = process as unknown as { readonly parentPort?: ParentPort | null };
  return parentPort ? portLink(parentPort) : channelLink();
}

function portLink(parent: ParentPort): ParentLink {
  const opened = new Promise<Port>((resolve) =>
    parent.once("message", ({ ports: [port] }) => {
      if (port !== undefined) resolve(port);
    }),
  );
  let listen: (message: unknown) => void = () => undefined;
  void opened.then((port) => {
    port.on("message", ({ data }) => listen(data));
    port.start();
  });
  return {
    send: (message, sent) => {
      void opened.then((port) => {
        port.postMessage(message);
        // A port tells nothing of its delivery; what was posted is on its way a moment later.
        if (sent) setTimeout(sent, 100);
      });
    },
    onMessage: (listener) => {
      listen = listener;
    },
    onLost: (listener) => {
      void opened.then((port) => port.on("close", listener));
    },
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
