/** Rectified-flow time: sigma in 0..1, shifted towards noise (ComfyUI's ModelSamplingDiscreteFlow). */
const TABLE_SIZE = 1000;

export interface Flow {
  /** Time shift; 1 leaves time as it is. */
  readonly shift: number;
  /** Model timestep of sigma 1: 1000 for Wan and HunyuanVideo, 1 for Mochi. */
  readonly timestepFactor: number;
}

/** shift t / (1 + (shift - 1) t) in float32, as the tables are computed. */
export function shiftTime(shift: number, t: number): number {
  if (shift === 1) return t;
  const f = Math.fround;
  return f(f(shift * t) / f(1 + f((shift - 1) * t)));
}

/** Noise levels of the thousand training times, ascending, float32. */
export function flowTable(flow: Flow): Float32Array {
  const table = new Float32Array(TABLE_SIZE);
  const factor = flow.timestepFactor;
  for (let i = 0; i < TABLE_SIZE; i++) {
    const timestep = Math.fround(Math.fround((i + 1) / TABLE_SIZE) * factor);
    table[i] = shiftTime(flow.shift, Math.fround(timestep / factor));
  }
  return table;
}

/** Noise level at a fraction of the run: 0 is pure noise, 1 is clean. */
export function percentToSigma(flow: Flow, percent: number): number {
  if (percent <= 0) return 1;
  if (percent >= 1) return 0;
  const t = 1 - percent;
  return flow.shift === 1 ? t : (flow.shift * t) / (1 + (flow.shift - 1) * t);
}
