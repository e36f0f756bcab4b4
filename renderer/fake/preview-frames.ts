import type { PreviewFrames } from "#runtime/protocol/service-events";

const WIDTH = 104;
const HEIGHT = 60;
const FRAMES = 21;

/** A sun that crosses a dusk sky, under as much noise as asked for (0 to 1). */
export function previewFrames(noise: number): PreviewFrames {
  const data = new Uint8Array(WIDTH * HEIGHT * FRAMES * 3);
  let seed = 1;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647 - 0.5;
  for (let frame = 0, at = 0; frame < FRAMES; frame++) {
    const sunX = WIDTH * (0.25 + (0.5 * frame) / FRAMES);
    const sunY = HEIGHT * 0.5;
    for (let y = 0; y < HEIGHT; y++) {
      const down = y / HEIGHT;
      for (let x = 0; x < WIDTH; x++) {
        const sun = Math.exp(-((x - sunX) ** 2 + (y - sunY) ** 2) / 90);
        const hill = down > 0.66 + 0.06 * Math.sin((x + frame) / 11) ? 0.3 : 1;
        const rgb = [
          90 + 160 * down + 120 * sun,
          80 + 90 * down + 110 * sun,
          110 - 10 * down + 60 * sun,
        ];
        for (const value of rgb)
          data[at++] = Math.max(0, Math.min(255, value * hill + random() * 260 * noise));
      }
    }
  }
  return { frames: FRAMES, width: WIDTH, height: HEIGHT, data };
}
