/** A client that does not read is cut off before what waits for it fills the memory. */
import type { WebSocket } from "@fastify/websocket";

/** Milliseconds in which it may still read what waits, and then why it was cut off. */
const PATIENCE = 5000;

export function send(socket: WebSocket, data: string | Uint8Array, backlogBytes: number): void {
  if (socket.readyState !== socket.OPEN) return;
  if (socket.bufferedAmount <= backlogBytes) {
    socket.send(data);
    return;
  }
  socket.close(
    1008,
    `Expected a client that reads, got ${backlogBytes} bytes that wait. Connect again.`,
  );
  const timer = setTimeout(() => socket.terminate(), PATIENCE);
  socket.once("close", () => clearTimeout(timer));
}
