/** Pictures and clips that ended jobs left, and how two of them compare. */
import { createStore, type StoreApi } from "zustand/vanilla";
import { isUmbelError } from "#runtime/errors";
import type { RuntimeClient } from "#runtime/protocol/client";
import type { Comparison, JobEntry, ResultFile } from "#runtime/protocol/service-values";
import type { PastRuns } from "./past-runs.ts";
import { SHOWN_FPS, type Clip } from "./player.ts";

export interface ResultsState {
  /** Of the two clips that `compare` named last. */
  readonly comparison: Comparison | null;
  readonly compared: string | null;
  /** Why the two cannot be compared: other sizes, a file that is gone. */
  readonly problem: string | null;
}

export interface Results {
  readonly store: StoreApi<ResultsState>;
  clipsOf(entry: JobEntry): Clip[];
  /** What a node made, as the player shows it: with its job where that is known. */
  clipOf(file: ResultFile, node: string): Clip;
  /** All results of the jobs that are loaded, newest first. */
  all(): Clip[];
  /** The newest clip of the same kind and size that is older than one; null when there is none. */
  before(clip: Clip): Clip | null;
  compare(a: Clip | null, b: Clip | null): void;
}

export function createResults(client: RuntimeClient, pastRuns: PastRuns): Results {
  const store = createStore<ResultsState>(() => ({
    comparison: null,
    compared: null,
    problem: null,
  }));
  const clip = (file: ResultFile, node: string, job: string | null): Clip => ({
    url: client.mediaUrl(file),
    name: (file.path.split("/").at(-1) ?? file.path).replace(/_?\.[^.]+$/, ""),
    file: { place: file.place, path: file.path },
    kind: file.kind,
    width: file.width,
    height: file.height,
    frames: file.frames,
    fps: file.fps ?? SHOWN_FPS,
    job,
    node,
  });
  const clipsOf = (entry: JobEntry): Clip[] =>
    entry.results
      .filter(({ place }) => place === "output")
      .map((file) => clip(file, file.node, entry.job));
  const all = () => pastRuns.store.getState().entries.flatMap(clipsOf);
  return {
    store,
    clipsOf,
    clipOf: (file, node) =>
      all().find((known) => known.url === client.mediaUrl(file)) ?? clip(file, node, null),
    all,
    before(clip) {
      const newestFirst = pastRuns.store
        .getState()
        .entries.flatMap((entry) => clipsOf(entry).toReversed());
      const at = newestFirst.findIndex(({ url }) => url === clip.url);
      if (at < 0) return null;
      const isLike = ({ kind, width, height }: Clip) =>
        kind === clip.kind && width === clip.width && height === clip.height;
      return newestFirst.slice(at + 1).find(isLike) ?? null;
    },
    compare(a, b) {
      const key = a === null || b === null ? null : `${a.url} ${b.url}`;
      if (store.getState().compared === key) return;
      store.setState({ compared: key, comparison: null, problem: null });
      if (a === null || b === null) return;
      client
        .call("results.compare", { a: a.file, b: b.file })
        .then((comparison) => {
          if (store.getState().compared === key) store.setState({ comparison });
        })
        .catch((error: unknown) => {
          const problem = isUmbelError(error) ? error.message : String(error);
          if (store.getState().compared === key) store.setState({ problem });
        });
    },
  };
}
