/** State of what stands around the canvas: made once beside the editor's own. */
import type { GraphDocument } from "#runtime/graph/document";
import type { ServiceEvent } from "#runtime/protocol/service-events";
import type { JobEntry } from "#runtime/protocol/service-values";
import type { Editor } from "./editor.ts";
import { createMasks, type Masks } from "./masks.ts";
import { createMemory, type Memory } from "./memory.ts";
import { createModelFiles, type ModelFiles } from "./model-files.ts";
import { createPastRuns, type PastRuns } from "./past-runs.ts";
import { createPlans, type Plans } from "./plans.ts";
import { createPlayer, type Clip, type Player } from "./player.ts";
import { createResults, type Results } from "./results.ts";
import { createStepTimes, type StepTimesStore, type TimedGeometry } from "./step-times.ts";

export interface Panels {
  readonly player: Player;
  readonly masks: Masks;
  readonly plans: Plans;
  readonly pastRuns: PastRuns;
  readonly results: Results;
  readonly modelFiles: ModelFiles;
  readonly memory: Memory;
  readonly stepTimes: StepTimesStore;
  /** Reads what the service knows. */
  load(): Promise<void>;
  /** Follows the service and the graph in front until the returned function is called. */
  watch(): () => void;
}

/** The work of a step of a sampler, so that a measured time is told of its like only. */
export type GeometryOf = (document: GraphDocument, node: string) => TimedGeometry | null;

/** After these the engine may be another, or there may be none. */
const RENEWING_DEVICE: ReadonlySet<ServiceEvent["type"]> = new Set([
  "settings",
  "reconnected",
  "engine_restarted",
]);

export function createPanels(editor: Editor, geometryOf: GeometryOf): Panels {
  const { client, documents, runs, toasts, layout } = editor;
  const player = createPlayer(mayMove);
  const masks = createMasks(client);
  const plans = createPlans(client, documents);
  const pastRuns = createPastRuns(client);
  const results = createResults(client, pastRuns);
  const modelFiles = createModelFiles(client, documents);
  const memory = createMemory(client);
  const stepTimes = createStepTimes();

  const timedGeometry = (job: string, node: string): TimedGeometry | null => {
    const owner = runs.store.getState().owners[job];
    const document = owner === undefined ? undefined : runs.store.getState().ran[owner];
    return document === undefined ? null : geometryOf(document, node);
  };

  /** Of jobs by themselves: a batch tells its end in the queue and the gallery. The editor tells what failed. */
  const tellSaved = ({ state, batch }: JobEntry, clip: Clip | undefined): void => {
    if (state === "done" && batch === null && clip !== undefined) {
      const name = clip.file.path.split("/").at(-1) ?? clip.name;
      toasts.show({
        kind: "done",
        title: `Saved ${name}`,
        detail: savedWords(clip),
        action: {
          label: "Show",
          run: () => {
            player.show(clip);
            layout.showDock("player");
          },
        },
      });
    }
  };

  const receive = (event: ServiceEvent): void => {
    pastRuns.receive(event);
    modelFiles.receive(event);
    stepTimes.receive(event, timedGeometry);
    if (RENEWING_DEVICE.has(event.type)) void memory.load().catch(() => undefined);
    if (event.type === "preview") {
      player.set({
        live: { job: event.job, node: event.node, preview: event.preview },
        ...(player.store.getState().live === null ? { frame: 0, playing: mayMove() } : {}),
      });
    }
    if (event.type === "history") {
      const state = player.store.getState();
      const mine = state.live?.job === event.entry.job;
      const clip = results.clipsOf(event.entry).at(-1);
      if (clip !== undefined && (mine || state.a === null)) player.show(clip);
      else if (mine) player.set({ live: null, frame: 0 });
      tellSaved(event.entry, clip);
      void memory.refresh().catch(() => undefined);
    }
  };

  return {
    player,
    masks,
    plans,
    pastRuns,
    results,
    modelFiles,
    memory,
    stepTimes,
    async load() {
      await Promise.all([pastRuns.load(), modelFiles.load(), memory.load()]);
      const { entries } = pastRuns.store.getState();
      const newest = entries.map((entry) => results.clipsOf(entry).at(-1)).find(Boolean);
      if (newest === undefined || player.store.getState().a !== null) return;
      player.show(newest);
      player.set({ playing: false });
    },
    watch() {
      const stops = [client.subscribe(receive), plans.watch(), modelFiles.watch()];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

/** "2.1 s, 256 × 256". */
function savedWords({ kind, frames, fps, width, height }: Clip): string {
  const size = `${width} × ${height}`;
  return kind === "video" ? `${(frames / fps).toFixed(1)} s, ${size}` : size;
}

function mayMove(): boolean {
  return !globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches;
}
