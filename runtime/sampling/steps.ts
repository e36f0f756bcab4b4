/** Neighbouring noise levels of a run. */
export interface Step {
  readonly index: number;
  readonly sigma: number;
  readonly next: number;
}

export function stepsOf(sigmas: Float32Array): Step[] {
  return Array.from({ length: Math.max(0, sigmas.length - 1) }, (_, index) => ({
    index,
    sigma: sigmas[index] as number,
    next: sigmas[index + 1] as number,
  }));
}
