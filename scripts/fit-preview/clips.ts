import { MersenneTwister } from "#runtime/sampling/mersenne-twister";

export interface ClipSize {
  readonly width: number;
  readonly height: number;
  readonly length: number;
}

/** A disc or square of a random colour that moves over a plain or graded ground: [n, H, W, 3] in -1..1. */
export function drawClip({ width, height, length }: ClipSize, seed: number): Float32Array {
  const random = randomNumbers(seed);
  const colour = () => [random(-1, 1), random(-1, 1), random(-1, 1)] as const;
  const [top, shape] = [colour(), colour()];
  const bottom = random(0, 1) < 0.5 ? top : colour();
  const round = random(0, 1) < 0.6;
  const radius = random(0.15, 0.33) * width;
  const [x0, y0] = [random(0.25, 0.75) * width, random(0.25, 0.75) * height];
  const [vx, vy] = [random(-2, 2), random(-2, 2)];
  const frames = new Float32Array(length * height * width * 3);
  let at = 0;
  for (let frame = 0; frame < length; frame++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const dx = Math.abs(x - x0 - vx * frame);
        const dy = Math.abs(y - y0 - vy * frame);
        const inside = (round ? Math.hypot(dx, dy) : Math.max(dx, dy)) < radius;
        for (let c = 0; c < 3; c++) {
          const ground = top[c]! + ((bottom[c]! - top[c]!) * y) / height;
          frames[at++] = inside ? shape[c]! : ground;
        }
      }
    }
  }
  return frames;
}

function randomNumbers(seed: number): (low: number, high: number) => number {
  const twister = new MersenneTwister(BigInt(seed));
  return (low, high) => low + ((high - low) * twister.next()) / 2 ** 32;
}
