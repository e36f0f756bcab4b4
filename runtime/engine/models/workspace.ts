/** Memory that a model takes beside its weights, found by running it on the null device at the size that is asked for. */
import type { ModelFamily } from "#runtime/sdk/model";
import { NullDevice } from "#runtime/tensor/null-device";
import { sourceStore } from "./weight-store.ts";
import type { WeightSource } from "./weight-source.ts";

export interface MeasuredModel<Instance> {
  readonly family: Pick<ModelFamily<unknown, Instance>, "create">;
  readonly config: unknown;
  readonly source: WeightSource;
}

/**
 * Bytes at the highest point of `run`, which is called twice: what it prepares once (weights in another form) does not
 * count. Inputs that it makes do.
 */
export function workspace<Instance>(
  model: MeasuredModel<Instance>,
  run: (instance: Instance, device: NullDevice) => void,
): number {
  using bench = openBench(model);
  run(bench.instance, bench.device);
  const before = bench.start();
  run(bench.instance, bench.device);
  return bench.device.memory().peakBytes - before;
}

/** The same for models that hand out what they make as they go. */
export async function workspaceOf<Instance>(
  model: MeasuredModel<Instance>,
  run: (instance: Instance, device: NullDevice) => Promise<void>,
): Promise<number> {
  using bench = openBench(model);
  await run(bench.instance, bench.device);
  const before = bench.start();
  await run(bench.instance, bench.device);
  return bench.device.memory().peakBytes - before;
}

function openBench<Instance>({ family, config, source }: MeasuredModel<Instance>) {
  const { compute } = source.device;
  const device = new NullDevice({ like: "cuda", precision: compute });
  const weights = sourceStore(onHost(source, device));
  return {
    device,
    instance: family.create(config, weights),
    start: () => {
      device.resetPeak();
      return device.memory().allocatedBytes;
    },
    [Symbol.dispose]: () => weights[Symbol.dispose](),
  };
}

/** The same weights without data, where they do not count. */
function onHost(source: WeightSource, device: NullDevice): WeightSource {
  const realise = (name: string) => {
    const { shape, dtype } = source.layout(name);
    return { tensor: device.emptyOnHost(shape, dtype), mapped: false };
  };
  return {
    device,
    has: (name) => source.has(name),
    names: () => source.names(),
    layout: (name) => source.layout(name),
    loadBytes: () => 0,
    realise,
    packed(name) {
      const packed = source.packed?.(name) ?? null;
      return packed === null ? null : { ...packed, stored: () => realise(name) };
    },
  };
}
