/** Events to all who listen, in the order in which they happen. */
import { toUmbelError } from "#runtime/errors";
import type { ServiceEvent } from "#runtime/protocol/service-events";

export type ServiceListener = (event: ServiceEvent) => void;

export class EventHub {
  readonly #listeners = new Set<ServiceListener>();

  /** Returns a function that ends the subscription. */
  subscribe(listener: ServiceListener): () => void {
    // Wrapped, so that one function may listen twice.
    const entry: ServiceListener = (event) => listener(event);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  /** Whether anybody listens. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  emit(event: ServiceEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        // A listener's fault is its own: neither the queue nor the others may stop for it.
        process.stderr.write(`umbel: a listener failed: ${toUmbelError(error).message}\n`);
      }
    }
  }
}
