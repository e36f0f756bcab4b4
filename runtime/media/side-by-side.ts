import type { Frames } from "#runtime/sdk/values";
import { checkSameSize } from "./same-size.ts";

/** Both clips in one picture, the reference on the left. Throws ERR_SHAPE. */
export function sideBySide(left: Frames, right: Frames): Frames {
  checkSameSize(left, right);
  const { count, height, width } = left;
  const data = new Float32Array(count * height * width * 2 * 3);
  let at = 0;
  for (let row = 0; row < count * height; row++) {
    for (const clip of [left, right]) {
      for (let x = 0; x < width; x++) {
        const from = (row * width + x) * clip.channels;
        for (let c = 0; c < 3; c++) data[at++] = clip.data[from + c] as number;
      }
    }
  }
  return { data, count, height, width: width * 2, channels: 3 };
}
