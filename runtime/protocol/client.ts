/** The runtime service as a user interface sees it: renderer/client has one over a MessagePort and one over HTTP. */
import type { Method, Params, Result } from "./contract.ts";
import type { ServiceEvent } from "./service-events.ts";
import type { ResultFile } from "./service-values.ts";

export interface RuntimeClient {
  /** Rejects with UmbelError: the service's own, ERR_INVALID_ARGUMENT for parameters that do not fit the contract. */
  call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>>;
  /** Returns a function that ends the subscription. */
  subscribe(listener: (event: ServiceEvent) => void): () => void;
  /** Address from which the page may load a result or an input file. */
  mediaUrl(file: Pick<ResultFile, "path"> & { place: ResultFile["place"] | "input" }): string;
}
