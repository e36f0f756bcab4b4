/**
 * Seconds a step as they were measured in this session, dense and radial apart. They belong to one geometry: a change
 * of size, steps or settings has no times until it ran.
 */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { ServiceEvent } from "#runtime/protocol/service-events";

export interface StepTimes {
  readonly dense: number | null;
  readonly radial: number | null;
}

export interface StepTimesState {
  /** By geometryKey(). */
  readonly byGeometry: Readonly<Record<string, StepTimes>>;
}

/** What must be equal for a time to hold: the model and everything that sets a step's work. */
export interface TimedGeometry {
  readonly key: string;
  readonly denseSteps: number;
  /** Dense steps at the end. */
  readonly lastDenseSteps: number;
}

export interface StepTimesStore {
  readonly store: StoreApi<StepTimesState>;
  receive(
    event: ServiceEvent,
    geometryOf: (job: string, node: string) => TimedGeometry | null,
  ): void;
}

/** The first step of a run loads weights and is no measure. */
const UNTIMED_STEPS = 1;

export function createStepTimes(now: () => number = () => performance.now()): StepTimesStore {
  const store = createStore<StepTimesState>(() => ({ byGeometry: {} }));
  const samples = new Map<string, { dense: number[]; radial: number[] }>();
  let last = { place: "", value: 0, time: 0 };
  return {
    store,
    receive(event, geometryOf) {
      if (event.type !== "job" || event.event.type !== "node_progress") return;
      const { job, node, value, max } = event.event;
      const before = last;
      last = { place: `${job} ${node}`, value, time: now() };
      if (before.place !== last.place || value !== before.value + 1) return;
      if (value <= UNTIMED_STEPS) return;
      const geometry = geometryOf(job, node);
      if (geometry === null) return;
      const all = samples.get(geometry.key) ?? { dense: [], radial: [] };
      samples.set(geometry.key, all);
      const isDense = value <= geometry.denseSteps || value > max - geometry.lastDenseSteps;
      const kind = isDense ? "dense" : "radial";
      all[kind] = [...all[kind].slice(-29), (last.time - before.time) / 1000];
      store.setState(({ byGeometry }) => ({
        byGeometry: {
          ...byGeometry,
          [geometry.key]: { dense: median(all.dense), radial: median(all.radial) },
        },
      }));
    },
  };
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
