import type { CheckpointHeader, ModelFamily, WeightPreparation, Weights } from "#runtime/sdk/model";
import type { Device } from "#runtime/tensor/device";
import { keep, scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";
import { openCheckpoint } from "#runtime/weights/checkpoint";

/** Weights that a test makes itself, apart from the runtime's own manager; remembers which were asked for. */
export class TestWeights implements Weights, Disposable {
  readonly device: Device;
  readonly asked = new Set<string>();
  readonly #names: ReadonlySet<string>;
  readonly #make: (name: string) => Tensor;
  readonly #made = new Map<string, Tensor>();

  constructor(device: Device, names: Iterable<string>, make: (name: string) => Tensor) {
    this.device = device;
    this.#names = new Set(names);
    this.#make = make;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  get(name: string, preparation?: WeightPreparation): Tensor {
    if (!this.has(name)) throw new Error(`Expected one of the model's tensors, got ${name}.`);
    this.asked.add(name);
    const raw = this.#once(name, () => this.#make(name));
    if (preparation === undefined) return raw;
    return this.#once(`${name} ${preparation.key}`, () => scope(() => preparation.apply(raw)));
  }

  #once(key: string, make: () => Tensor): Tensor {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const tensor = keep(make());
    this.#made.set(key, tensor);
    return tensor;
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#made.values()) tensor[Symbol.dispose]();
    this.#made.clear();
  }
}

export interface TestModel<Config, Instance> extends Disposable {
  readonly config: Config;
  readonly weights: TestWeights;
  readonly model: Instance;
}

function build<Config, Instance>(
  family: ModelFamily<Config, Instance>,
  header: CheckpointHeader,
  weights: TestWeights,
): TestModel<Config, Instance> {
  const config = family.detect(header);
  if (config === null) throw new Error(`Expected a checkpoint of ${family.family}.`);
  return {
    config,
    weights,
    model: family.create(config, weights),
    [Symbol.dispose]: () => weights[Symbol.dispose](),
  };
}

/** A model of a checkpoint in its canonical names, which its own may lack a prefix of. */
export function openModel<Config, Instance>(
  family: ModelFamily<Config, Instance>,
  path: string,
  device: Device,
  canonicalPrefix = "",
): TestModel<Config, Instance> {
  const file = openCheckpoint(path);
  const tensors = new Map([...file.tensors].map(([own, info]) => [canonicalPrefix + own, info]));
  const header = { tensors, metadata: file.metadata };
  const weights = new TestWeights(device, tensors.keys(), (name) =>
    file.tensor(name.slice(canonicalPrefix.length), device),
  );
  return build(family, header, weights);
}

/** A header without a file. */
export function headerOf(
  shapes: Readonly<Record<string, readonly number[]>>,
  metadata: Readonly<Record<string, string>> = {},
): CheckpointHeader {
  const tensors = Object.entries(shapes).map(
    ([name, shape]) => [name, { shape, dtype: "bf16" }] as const,
  );
  return { tensors: new Map(tensors), metadata };
}

/** A model of those tensors on a device that needs no data. */
export function planModel<Config, Instance>(
  family: ModelFamily<Config, Instance>,
  header: CheckpointHeader,
  device: Device,
): TestModel<Config, Instance> {
  const weights = new TestWeights(device, header.tensors.keys(), (name) =>
    device.empty(header.tensors.get(name)?.shape ?? [], "bf16"),
  );
  return build(family, header, weights);
}
