/** Settings for a whole run, from what was published for 50, 8 and 4 steps: about a quarter of the steps dense. */
import type { RadialSettings } from "../radial/geometry.ts";

export interface Preset {
  readonly name: string;
  readonly decay: number;
  readonly denseSteps: number;
}

/** Dense steps follow the number of steps; a run has at least one. */
export function presetsFor(steps: number): Preset[] {
  const part = (share: number): number => Math.min(steps, Math.max(1, Math.round(steps * share)));
  return [
    { name: "Faithful", decay: 0.6, denseSteps: part(0.4) },
    { name: "Balanced", decay: 0.2, denseSteps: part(0.24) },
    { name: "Fast", decay: 0.2, denseSteps: part(0.12) },
  ];
}

export function isPreset(preset: Preset, settings: RadialSettings): boolean {
  return preset.decay === settings.decay && preset.denseSteps === settings.denseSteps;
}

/** How much faster a whole run is, when a radial step takes `share` of a dense one. */
export function runSpeedUp(steps: number, denseSteps: number, share: number): number {
  const dense = Math.min(steps, denseSteps);
  return steps / (dense + (steps - dense) * share);
}
