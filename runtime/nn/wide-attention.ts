/** Attention with one head that is wider than what the kernels of GPUs take. */
import { affine, attention, cast, cat, linear } from "#runtime/tensor/ops";
import { scope } from "#runtime/tensor/scope";
import type { Tensor } from "#runtime/tensor/tensor";

/** Widest head that attention takes on every device. */
const WIDEST = 512;
/** Channels of a part: the width that kernels with a bias are made for. */
const PART = 128;

/**
 * softmax(q k^T / sqrt(C)) v of q, k and v [frames, pixels, 1, C], within each frame. Beyond 512 channels the products of
 * all but the first part come in as a bias, [pixels, pixels] in float32, and v part by part.
 */
export function wideAttention(q: Tensor, k: Tensor, v: Tensor): Tensor {
  const [frames = 0, pixels = 0, , channels = 0] = q.shape;
  if (channels <= WIDEST || channels % PART !== 0) return attention(q, k, v);
  const scale = 1 / Math.sqrt(channels);
  const each = Array.from({ length: frames }, (_, f) =>
    scope(() => {
      const frame = (x: Tensor) => x.slice(0, f, f + 1).reshape([pixels, 1, channels]);
      const [queries, keys, values] = [frame(q), frame(k), frame(v)];
      const rest = (x: Tensor) =>
        x
          .slice(2, PART)
          .contiguous()
          .reshape([pixels, channels - PART]);
      const products = linear(cast(rest(queries), "f32"), rest(keys), null);
      const bias = affine(products, scale, 0).reshape([1, pixels, pixels]);
      const first = (x: Tensor) => x.slice(2, 0, PART).contiguous();
      const [query, key] = [first(queries), first(keys)];
      const parts = Array.from({ length: channels / PART }, (_, i) => {
        const part = values.slice(2, i * PART, (i + 1) * PART).contiguous();
        return attention(query, key, part, { bias, scale });
      });
      return cat(parts, 2).reshape([1, pixels, 1, channels]);
    }),
  );
  return cat(each, 0);
}
