/** Matrices that are kept as float8 with a scale a row, whatever they are in the file. */
import type { ModelRecipe } from "#runtime/sdk/values";
import type { Device } from "#runtime/tensor/device";
import { quantizeRows } from "#runtime/tensor/ops";
import { scalesName, weightOfScales } from "#runtime/tensor/scaled-weight";
import { scope } from "#runtime/tensor/scope";
import type { DetectedModel } from "./detect.ts";
import { isMatrix, weightBytes, type WeightSource } from "./weight-source.ts";

export interface QuantizedSource extends WeightSource {
  /** Whether a name is that of a weight which is kept so, or of its scales. */
  isQuantized(name: string): boolean;
}

/**
 * A source whose matrices that `quantizes` names are float8 e4m3, their scales beside them under `scalesName`: taken from
 * the file where it holds them so, else made of what the source gives. Both are asked for by name, so that they are stored
 * and streamed like any other weight; scales that are made cost a second reading of their matrix.
 */
export function quantizedSource(
  source: WeightSource,
  quantizes: (name: string) => boolean,
): QuantizedSource {
  const weightOf = (name: string): string => weightOfScales(name) ?? name;
  const isQuantized = (name: string): boolean =>
    quantizes(weightOf(name)) && source.has(weightOf(name));
  return {
    device: source.device,
    isQuantized,
    has: (name) => source.has(name) || isQuantized(name),
    *names() {
      for (const name of source.names()) {
        yield name;
        if (isQuantized(name)) yield scalesName(name);
      }
    },
    layout(name) {
      if (!isQuantized(name)) return source.layout(name);
      const { shape } = source.layout(weightOf(name));
      if (weightOf(name) === name) return { shape, dtype: "f8_e4m3" };
      return { shape: shape.slice(0, 1), dtype: "f32" };
    },
    // What the source gives, and the half of the pair that was not asked for.
    loadBytes(name) {
      if (!isQuantized(name)) return source.loadBytes(name);
      const layout = source.layout(weightOf(name));
      return source.loadBytes(weightOf(name)) + 2 * weightBytes(layout);
    },
    packed: (name) => (isQuantized(name) ? null : (source.packed?.(name) ?? null)),
    realise(name) {
      if (!isQuantized(name)) return source.realise(name);
      return scope(() => {
        const weight = weightOf(name);
        const stored = source.scaled?.(weight) ?? null;
        const { values, scales } = stored ?? quantizeRows(source.realise(weight).tensor);
        if (weight !== name) return { tensor: scales, mapped: false };
        return { tensor: values, mapped: stored !== null && source.device.name !== "cuda" };
      });
    },
  };
}

/**
 * Which weights are kept as float8 with scales: those that the family offers, when it is asked for; on a GPU, whose
 * products round to bfloat16 anyway, also what a file holds in this form.
 */
export function quantizedWeights(
  { family, specs, names, part }: DetectedModel,
  weightType: ModelRecipe["weightType"],
  device: Device,
): (name: string) => boolean {
  const offered = (name: string): boolean =>
    "quantizes" in family &&
    family.quantizes?.(name) === true &&
    isMatrix(name, specs.get(name)?.shape ?? []);
  if (weightType === "fp8_e4m3fn_fast") return offered;
  if (weightType !== "default" || device.name !== "cuda" || device.compute !== "bf16") {
    return () => false;
  }
  return (name) => {
    const [first, ...others] = names.get(name) ?? [];
    if (first === undefined || others.length > 0 || !part.scales.has(first.own)) return false;
    return part.weights.get(first.own)?.dtype === "f8_e4m3" && offered(name);
  };
}
