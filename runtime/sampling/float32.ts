/**
 * Scalar arithmetic in float32. Samplers and schedules were tuned and published in float32 tensors; evaluating their
 * coefficients in double gives visibly different latents where differences of near values occur.
 */
export const f32 = Math.fround;
export const log32 = (x: number): number => f32(Math.log(x));
export const exp32 = (x: number): number => f32(Math.exp(x));
export const expm1 = (x: number): number => f32(Math.expm1(x));
export const sqrt32 = (x: number): number => f32(Math.sqrt(x));
export const pow32 = (x: number, y: number): number => f32(Math.pow(x, y));

/**
 * torch.linspace in float32: counted up from the start in the first half and down from the end in the second; the
 * steps are fused multiply-adds there, hence the single rounding.
 */
export function linspace32(start: number, end: number, count: number): Float32Array {
  const values = new Float32Array(count);
  if (count === 1) {
    values[0] = start;
    return values;
  }
  const first = f32(start);
  const last = f32(end);
  const step = f32(f32(last - first) / f32(count - 1));
  const half = Math.trunc(count / 2);
  for (let i = 0; i < count; i++) {
    values[i] = i < half ? first + f32(step * i) : last - f32(step * (count - 1 - i));
  }
  return values;
}
