import { expect, test } from "vitest";
import hunyuanVideo from "#runtime/models/hunyuan-video";
import mochi from "#runtime/models/mochi";
import wan, { variants } from "#runtime/models/wan";
import { latentPreview } from "#runtime/sampling/preview";

test("each latent pixel of each frame becomes one pixel by the linear map", () => {
  const latent = { data: Float32Array.of(0, 0.5, 1, -1, 0.5, 0.5, 0, 4), shape: [1, 2, 2, 1, 2] };
  const format = {
    rgb: [
      [1, 0, 0.5],
      [0, -1, 0.5],
    ],
    rgbBias: [0, 0.5, -1],
  } as const;
  const preview = latentPreview(latent, format);
  expect(preview).toMatchObject({ count: 2, height: 1, width: 2, channels: 3 });
  expect([...preview.data]).toEqual([0.5, 0.5, 0.125, 0.75, 0.5, 0.25, 1, 0.75, 0.25, 0, 0, 0.75]);
});

test("only the first clip of a batch is shown", () => {
  const latent = { data: Float32Array.of(1, 1, -1, -1), shape: [2, 1, 1, 1, 2] };
  const preview = latentPreview(latent, { rgb: [[1, 1, 1]], rgbBias: [0, 0, 0] });
  expect([...preview.data]).toEqual([1, 1, 1, 1, 1, 1]);
});

test("the first latent frame has a map of its own where its colours are others", () => {
  const latent = { data: Float32Array.of(1, 1), shape: [1, 1, 2, 1, 1] };
  const first = { rgb: [[-1, -1, 1]], rgbBias: [0, 0, 0] } as const;
  const preview = latentPreview(latent, { rgb: [[1, 1, 1]], rgbBias: [0, 0, 0], first });
  expect([...preview.data]).toEqual([0, 0, 1, 1, 1, 1]);
});

test.each([wan, ...variants, mochi, hunyuanVideo])(
  "$title has a colour for each channel",
  ({ latent }) => {
    expect(latent.rgb).toHaveLength(latent.channels);
    expect(latent.mean).toHaveLength(latent.channels);
    const grey = { data: new Float32Array(latent.channels), shape: [1, latent.channels, 1, 1, 1] };
    const { data } = latentPreview(grey, latent);
    for (const value of data) expect(Math.abs(value - 0.5)).toBeLessThan(0.2);
  },
);
