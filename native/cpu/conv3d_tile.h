#pragma once
// Register tiles of conv3d: consecutive output pixels of a row by output channels.
//
// A tap's inputs are read in place. The kernel's W axis and the channels are one contiguous run of x, and so is the
// matching piece of the weights' rows, so a sum over taps and input channels is a list of `Segment`s: a piece of such a
// run in x and where its weights begin.
#include "cpu/simd.h"

namespace umbel {
namespace {

// A piece of a run of x. Consecutive pixels read it `pixel_step` floats apart.
struct Segment {
  int64_t k;       // where its weights begin, in steps of depth
  int64_t length;  // floats
};

// What is added to a tile's sums, and where they go.
struct TileOutput {
  float* out;
  const float* start;     // the bias (start_step 0) or the sums of earlier stages
  const float* residual;  // may be null
  int64_t out_step;       // floats between pixels, of out and residual
  int64_t start_step;
};

// Pixels of a tile of `vecs` vectors of channels: accumulators and one row of weights fill the registers.
template <int vecs>
constexpr int tile_pixels() {
#if UMBEL_SIMD_WIDTH == 16
  return vecs == 3 ? 8 : 12;
#else
  return vecs == 3 ? 4 : vecs == 2 ? 6 : 8;
#endif
}

// pixels x (vecs * kWidth) outputs. panel: vecs * kWidth weights for every step of depth. The last vector has `lanes`
// valid channels when partial.
template <int pixels, int vecs, bool partial>
__attribute__((noinline)) void outer_tile(const Segment* segments, int64_t count, const float* const* rows,
                                          int64_t offset, int64_t pixel_step, const float* panel, const TileOutput& to,
                                          int lanes) {
  constexpr int64_t columns = vecs * kWidth;
  Vec sum[pixels][vecs] = {};
  for (int64_t s = 0; s < count; ++s) {
    const float* x = rows[s] + offset;
    const float* w = panel + segments[s].k * columns;
    const float* end = x + segments[s].length;
    for (; x != end; ++x, w += columns) {
      Vec weight[vecs];
#pragma GCC unroll 4
      for (int v = 0; v < vecs; ++v) weight[v] = load(w + v * kWidth);
#pragma GCC unroll 16
      for (int p = 0; p < pixels; ++p) {
        const Vec value = splat(x[p * pixel_step]);
#pragma GCC unroll 4
        for (int v = 0; v < vecs; ++v) sum[p][v] = fma(value, weight[v], sum[p][v]);
      }
    }
  }
  float* out = to.out;
  const float *start = to.start, *residual = to.residual;
  const int64_t out_step = to.out_step, start_step = to.start_step;
#pragma GCC unroll 16
  for (int p = 0; p < pixels; ++p) {
#pragma GCC unroll 4
    for (int v = 0; v < vecs; ++v) {
      constexpr int last = vecs - 1;
      const int64_t at = p * out_step + v * kWidth;
      const float* base = start + p * start_step + v * kWidth;
      if (partial && v == last) {
        Vec y = sum[p][v] + load_tail(base, lanes);
        if (residual) y += load_tail(residual + at, lanes);
        store_tail(out + at, y, lanes);
      } else {
        Vec y = sum[p][v] + load(base);
        if (residual) y += load(residual + at);
        store(out + at, y);
      }
    }
  }
}

using OuterTile = void (*)(const Segment*, int64_t, const float* const*, int64_t, int64_t, const float*,
                           const TileOutput&, int);

template <int vecs, bool partial>
UMBEL_INLINE OuterTile outer_tile_of(int pixels) {
  switch (pixels) {
    case 1:
      return outer_tile<1, vecs, partial>;
    case 2:
      return outer_tile<2, vecs, partial>;
    case 3:
      return outer_tile<3, vecs, partial>;
    case 4:
      return outer_tile<4, vecs, partial>;
    default:
      break;
  }
  if constexpr (tile_pixels<vecs>() >= 6) {
    if (pixels == 5) return outer_tile<5, vecs, partial>;
    if (pixels == 6) return outer_tile<6, vecs, partial>;
  }
  if constexpr (tile_pixels<vecs>() >= 8) {
    if (pixels == 7) return outer_tile<7, vecs, partial>;
    if (pixels == 8) return outer_tile<8, vecs, partial>;
  }
  if constexpr (tile_pixels<vecs>() >= 12) {
    if (pixels == 9) return outer_tile<9, vecs, partial>;
    if (pixels == 10) return outer_tile<10, vecs, partial>;
    if (pixels == 11) return outer_tile<11, vecs, partial>;
    return outer_tile<12, vecs, partial>;
  }
  return outer_tile<tile_pixels<vecs>(), vecs, partial>;
}

// A row of `pixels` outputs by one panel, in tiles of nearly equal width.
template <int vecs, bool partial>
UMBEL_INLINE void outer_row_of(int64_t pixels, const Segment* segments, int64_t count, const float* const* rows,
                               int64_t pixel_step, const float* panel, TileOutput to, int lanes) {
  constexpr int64_t most = tile_pixels<vecs>();
  const int64_t tiles = (pixels + most - 1) / most;
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t first = pixels * t / tiles;
    const auto width = static_cast<int>(pixels * (t + 1) / tiles - first);
    TileOutput tile = to;
    tile.out += first * to.out_step;
    tile.start += first * to.start_step;
    if (to.residual) tile.residual += first * to.out_step;
    outer_tile_of<vecs, partial>(width)(segments, count, rows, first * pixel_step, pixel_step, panel, tile, lanes);
  }
}

UMBEL_INLINE void outer_row(int vecs, int64_t pixels, const Segment* segments, int64_t count, const float* const* rows,
                            int64_t pixel_step, const float* panel, const TileOutput& to, int lanes) {
  const bool partial = lanes < kWidth;
  if (vecs == 3 && !partial) {
    outer_row_of<3, false>(pixels, segments, count, rows, pixel_step, panel, to, lanes);
  } else if (vecs == 3) {
    outer_row_of<3, true>(pixels, segments, count, rows, pixel_step, panel, to, lanes);
  } else if (vecs == 2 && !partial) {
    outer_row_of<2, false>(pixels, segments, count, rows, pixel_step, panel, to, lanes);
  } else if (vecs == 2) {
    outer_row_of<2, true>(pixels, segments, count, rows, pixel_step, panel, to, lanes);
  } else if (!partial) {
    outer_row_of<1, false>(pixels, segments, count, rows, pixel_step, panel, to, lanes);
  } else {
    outer_row_of<1, true>(pixels, segments, count, rows, pixel_step, panel, to, lanes);
  }
}

// For up to three output channels: vectors run along the depth instead, and are summed at the end. weights: `depth`
// consecutive floats a channel. whole: every segment is whole vectors; a tail in the loop would cost the sums their
// registers.
template <int pixels, int channels, bool whole>
__attribute__((noinline)) void inner_tile(const Segment* segments, int64_t count, const float* const* rows,
                                          int64_t offset, int64_t pixel_step, const float* weights, int64_t depth,
                                          const TileOutput& to) {
  Vec sum[pixels][channels] = {};
  for (int64_t s = 0; s < count; ++s) {
    const float* x = rows[s] + offset;
    const float* w = weights + segments[s].k;
    const int64_t length = segments[s].length;
    int64_t i = 0;
    for (; i + kWidth <= length; i += kWidth) {
      Vec weight[channels];
#pragma GCC unroll 4
      for (int c = 0; c < channels; ++c) weight[c] = load(w + c * depth + i);
#pragma GCC unroll 8
      for (int p = 0; p < pixels; ++p) {
        const Vec value = load(x + p * pixel_step + i);
#pragma GCC unroll 4
        for (int c = 0; c < channels; ++c) sum[p][c] = fma(value, weight[c], sum[p][c]);
      }
    }
    const auto rest = static_cast<int>(length - i);
    if (!whole && rest > 0) {
#pragma GCC unroll 8
      for (int p = 0; p < pixels; ++p) {
        const Vec value = load_tail(x + p * pixel_step + i, rest);
#pragma GCC unroll 4
        for (int c = 0; c < channels; ++c) sum[p][c] = fma(value, load_tail(w + c * depth + i, rest), sum[p][c]);
      }
    }
  }
  for (int p = 0; p < pixels; ++p) {
    for (int c = 0; c < channels; ++c) {
      float y = reduce_add(sum[p][c]) + to.start[c];
      if (to.residual) y += to.residual[p * to.out_step + c];
      to.out[p * to.out_step + c] = y;
    }
  }
}

template <int channels, bool whole>
UMBEL_INLINE void inner_row_of(int64_t pixels, const Segment* segments, int64_t count, const float* const* rows,
                               int64_t pixel_step, const float* weights, int64_t depth, TileOutput to) {
  for (int64_t p = 0; p < pixels;) {
    const int64_t width = pixels - p >= 4 ? 4 : 1;
    if (width == 4) {
      inner_tile<4, channels, whole>(segments, count, rows, p * pixel_step, pixel_step, weights, depth, to);
    } else {
      inner_tile<1, channels, whole>(segments, count, rows, p * pixel_step, pixel_step, weights, depth, to);
    }
    to.out += width * to.out_step;
    if (to.residual) to.residual += width * to.out_step;
    p += width;
  }
}

template <bool whole>
UMBEL_INLINE void inner_row(int64_t channels, int64_t pixels, const Segment* segments, int64_t count,
                            const float* const* rows, int64_t pixel_step, const float* weights, int64_t depth,
                            const TileOutput& to) {
  switch (channels) {
    case 1:
      return inner_row_of<1, whole>(pixels, segments, count, rows, pixel_step, weights, depth, to);
    case 2:
      return inner_row_of<2, whole>(pixels, segments, count, rows, pixel_step, weights, depth, to);
    default:
      return inner_row_of<3, whole>(pixels, segments, count, rows, pixel_step, weights, depth, to);
  }
}

}  // namespace
}  // namespace umbel
