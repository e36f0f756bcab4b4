/** How many WebSockets are open, of ComfyUI's clients and of pages together. */
import type { WebSocket } from "@fastify/websocket";

export class SocketCount {
  readonly #most: number;
  #open = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get open(): number {
    return this.#open;
  }

  /** Whether it may stay; else it is closed, with words. One that takes another's place always may. */
  admit(socket: WebSocket, takesPlace = false): boolean {
    if (this.#open >= this.#most && !takesPlace) {
      socket.close(1013, `Expected at most ${this.#most} clients. Try again later.`);
      return false;
    }
    this.#open++;
    socket.once("close", () => this.#open--);
    return true;
  }
}
