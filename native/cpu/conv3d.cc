// Causal-cache 3D convolution, channels last, as an implicit matrix product: output pixels x (taps * input channels) x
// output channels.
//
// Weights are converted once a call to panels of two or three vectors of output channels. A work item is a tile of
// output pixels (rows of one frame, 128 KiB of output) by all or some panels. It gathers pointers to the input rows
// that its taps read: the source itself where the tile's window lies inside the frame, else copies with zeros at the
// sides; rows above and below are one shared row of zeros, and missing frames are left out. Then, for every stage of
// about 320 steps of depth, whose slice of a panel stays in the first-level cache, register tiles (conv3d_tile.h: 4
// pixels by 24 channels with AVX2, 8 by 48 with AVX-512) add to the output in place. Up to three output channels take
// vectors along the depth instead.
//
// Measured on AMD EPYC (Zen 3, AVX2), 3x3x3, processor time of one core: 24 channels 82, 96 channels 85, 384 channels
// 74, 24 to 3 channels 40 GFLOP/s. With 2 threads and in turns with it 13.3, 1.24 and 1.03 times PyTorch 2.13 at 24, 96
// and 384 channels.
//
// An output is the sum of its stages, each one chain of multiply-adds in the order of the weights; stages follow from
// the kernel's shape and the number of frames present, so an output does not depend on tiles or threads.
#include <cstring>

#include "core/cpu_context.h"
#include "cpu/conv3d_tile.h"
#include "cpu/convert.h"

namespace umbel {
namespace {

constexpr int64_t kTileOutputs = 1 << 15;  // floats of a tile, within these numbers of pixels
constexpr int64_t kMinPixels = 192, kMaxPixels = 512;
constexpr int64_t kStageDepth = 320;      // steps of depth
constexpr int64_t kItemWork = 1ll << 29;  // multiply-adds of a work item, some 10 ms
constexpr int64_t kMaxInnerChannels = 3;

UMBEL_INLINE int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
UMBEL_INLINE int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}
UMBEL_INLINE int64_t most(int64_t a, int64_t b) {
  return a > b ? a : b;
}

struct Conv {
  const float *x, *before, *older, *residual;
  float* out;
  int64_t x_frames, before_frames, older_frames, height, width, channels;  // input
  int64_t out_frames, out_height, out_width, out_channels;
  int64_t kernel_t, kernel_h, kernel_w;
  int64_t stride_t, stride_h, stride_w;
  int64_t pad_t, pad_h, pad_w;  // in front
  int64_t run, depth;           // floats of a kernel row; of the whole kernel

  // A frame of the logical input (zeros, `older`, `before`, x, zeros); null for zeros.
  UMBEL_INLINE const float* frame(int64_t index) const {
    const int64_t size = height * width * channels;
    if (index < 0 || index >= older_frames + before_frames + x_frames) return nullptr;
    if (index < older_frames) return older + index * size;
    index -= older_frames;
    return index < before_frames ? before + index * size : x + (index - before_frames) * size;
  }
};

// Frames with each pixel repeated along H and W.
UMBEL_INLINE const float* double_pixels(CpuContext& ctx, const Tensor& x) {
  const int64_t rows = x.dim(0) * x.dim(1), width = x.dim(2), channels = x.dim(3);
  const auto bytes = static_cast<size_t>(channels) * sizeof(float);
  auto* doubled = static_cast<float*>(ctx.scratch(4 * x.bytes()));
  const float* from = x.f32();
  ctx.parallel_for(rows, 1, [=](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      float* line = doubled + row * 4 * width * channels;
      for (int64_t i = 0; i < 2 * width; ++i) {
        std::memcpy(line + i * channels, from + (row * width + i / 2) * channels, bytes);
      }
      std::memcpy(line + 2 * width * channels, line, 2 * static_cast<size_t>(width) * bytes);
    }
  });
  return doubled;
}

// What a convolution reads besides its weights.
struct Frames {
  const Tensor& x;
  const Tensor *before, *older;
  bool doubled;
};

UMBEL_INLINE Conv describe(CpuContext& ctx, const Frames& frames, const Tensor& weight, const int64_t* stride,
                           const int64_t* padding, const Tensor* residual, const Tensor& out) {
  const auto& [x, before, older, doubled] = frames;
  const auto floats = [&](const Tensor* t) { return t == nullptr ? nullptr : doubled ? double_pixels(ctx, *t) : t->f32(); };
  Conv c;
  c.x = floats(&x);
  c.before = floats(before);
  c.older = floats(older);
  c.residual = residual ? residual->f32() : nullptr;
  c.out = out.f32();
  const int64_t scale = doubled ? 2 : 1;
  c.x_frames = x.dim(0), c.height = scale * x.dim(1), c.width = scale * x.dim(2), c.channels = x.dim(3);
  c.before_frames = before ? before->dim(0) : 0;
  c.older_frames = older ? older->dim(0) : 0;
  c.out_frames = out.dim(0), c.out_height = out.dim(1), c.out_width = out.dim(2), c.out_channels = out.dim(3);
  c.kernel_t = weight.dim(1), c.kernel_h = weight.dim(2), c.kernel_w = weight.dim(3);
  c.stride_t = stride[0], c.stride_h = stride[1], c.stride_w = stride[2];
  c.pad_t = padding[0], c.pad_h = padding[2], c.pad_w = padding[4];
  c.run = c.kernel_w * c.channels;
  c.depth = c.kernel_t * c.kernel_h * c.run;
  // A kernel of one pixel knows no rows, and one of one frame no frames: a single long row is easier to cut in tiles.
  const bool flat = c.kernel_h == 1 && c.kernel_w == 1 && c.height == c.out_height && c.width == c.out_width &&
                    c.stride_h == 1 && c.stride_w == 1 && c.pad_h == 0 && c.pad_w == 0;
  if (flat) {
    c.width = c.out_width = c.height * c.width;
    c.height = c.out_height = 1;
    if (c.kernel_t == 1 && c.stride_t == 1 && c.pad_t == 0 && c.before_frames + c.older_frames == 0 &&
        c.x_frames == c.out_frames) {
      c.width = c.out_width = c.width * c.x_frames;
      c.x_frames = c.out_frames = 1;
    }
  }
  return c;
}

// Output channels in panels of three vectors, the rest in two, so that none has a single vector unless it is alone.
struct Panels {
  int64_t vecs, threes, count;

  UMBEL_INLINE explicit Panels(int64_t channels) {
    vecs = ceil_div(channels, kWidth);
    const int64_t rest = vecs % 3;
    threes = rest == 1 && vecs > 1 ? vecs / 3 - 1 : vecs / 3;
    count = threes + ceil_div(vecs - 3 * threes, 2);
  }
  UMBEL_INLINE int64_t first(int64_t panel) const {
    return panel <= threes ? 3 * panel : 3 * threes + 2 * (panel - threes);
  }
  UMBEL_INLINE int64_t size(int64_t panel) const { return panel < threes ? 3 : least(2, vecs - first(panel)); }
};

// weights [channel][depth] of any type to panels [depth][columns]; channels past the last are zero.
UMBEL_INLINE void pack_panels(CpuContext& ctx, const Conv& c, const Panels& panels, const Tensor& weight,
                              float* packed) {
  constexpr int64_t piece = 256;
  const int64_t pieces = ceil_div(c.depth, piece);
  ctx.parallel_for(panels.count * pieces, 4, [&](int64_t begin, int64_t end, int) {
    float row[piece];
    for (int64_t item = begin; item < end; ++item) {
      const int64_t panel = item / pieces, from = (item % pieces) * piece;
      const int64_t n = least(piece, c.depth - from), columns = panels.size(panel) * kWidth;
      const int64_t channel = panels.first(panel) * kWidth;
      float* out = packed + channel * c.depth + from * columns;
      for (int64_t j = 0; j < columns; ++j) {
        if (channel + j < c.out_channels) {
          read_floats(weight.dtype, weight.data, (channel + j) * c.depth + from, row, n);
        } else {
          std::memset(row, 0, sizeof row);
        }
        for (int64_t k = 0; k < n; ++k) out[k * columns + j] = row[k];
      }
    }
  });
}

// How the output is cut. A thread's workspace holds the pointers and copied rows of one tile.
struct Tiling {
  int64_t columns, column_tiles;  // output pixels of a tile's row; tiles side by side
  int64_t rows, row_tiles;
  int64_t window, window_rows;  // inputs under a tile
  int64_t pieces, piece;        // segments of a run and their length
  int64_t segments, stage;      // segments of the kernel; at most so many a stage
  int64_t groups, group;        // panels are split into groups of `group`

  UMBEL_INLINE Tiling(const Conv& c, int64_t panels, int threads) {
    const int64_t pixels = most(kMinPixels, least(kMaxPixels, kTileOutputs / c.out_channels));
    columns = c.out_width;
    if (columns > pixels) {
      const int64_t even = ceil_div(columns, ceil_div(columns, pixels));
      columns = least(ceil_div(even, 12) * 12, columns);
    }
    column_tiles = ceil_div(c.out_width, columns);
    rows = ceil_div(c.out_height, ceil_div(c.out_height, most(pixels / columns, 1)));
    row_tiles = ceil_div(c.out_height, rows);
    window = (columns - 1) * c.stride_w + c.kernel_w;
    window_rows = (rows - 1) * c.stride_h + c.kernel_h;
    pieces = most(1, ceil_div(c.run, kStageDepth));
    piece = ceil_div(ceil_div(c.run, pieces), 16) * 16;
    pieces = most(1, ceil_div(c.run, piece));
    segments = c.kernel_t * c.kernel_h * pieces;
    stage = most(1, kStageDepth / most(1, least(piece, c.run)));
    const int64_t tiles = c.out_frames * row_tiles * column_tiles;
    const int64_t work = rows * columns * c.depth * c.out_channels;
    groups = most(ceil_div(work, kItemWork), ceil_div(4 * threads, most(1, tiles)));
    groups = least(most(groups, 1), panels);
    group = ceil_div(panels, groups);
    groups = ceil_div(panels, group);
  }
  UMBEL_INLINE size_t copied_floats(const Conv& c) const {
    return static_cast<size_t>(c.kernel_t * window_rows * window * c.channels);
  }
};

struct Workspace {
  float* copies;           // [kernel_t][window_rows][window * channels]
  const float** inputs;    // [kernel_t][window_rows]: the tile's input rows
  const float** pointers;  // [rows][segments]: where each segment's input begins
  Segment* segments;
};

// One tile of one frame.
struct Tile {
  int64_t frame, row, column, rows, columns;
};

// Pointers to the window's rows of one input frame.
UMBEL_INLINE void gather_rows(const Conv& c, const Tiling& tiling, const Tile& tile, const float* frame,
                              const float* zeros, float* copies, const float** inputs) {
  const int64_t first_row = tile.row * c.stride_h - c.pad_h, first_column = tile.column * c.stride_w - c.pad_w;
  const int64_t window = (tile.columns - 1) * c.stride_w + c.kernel_w;
  const int64_t window_rows = (tile.rows - 1) * c.stride_h + c.kernel_h;
  const int64_t left = least(window, most(0, -first_column));
  const int64_t right = most(0, least(window - left, first_column + window - c.width));
  const int64_t pitch = tiling.window * c.channels;
  for (int64_t r = 0; r < window_rows; ++r, copies += pitch) {
    const int64_t row = first_row + r;
    if (row < 0 || row >= c.height) {
      inputs[r] = zeros;
      continue;
    }
    const float* source = frame + (row * c.width + first_column + left) * c.channels;
    if (left == 0 && right == 0) {
      inputs[r] = source;
      continue;
    }
    const int64_t before = left * c.channels, inside = (window - left - right) * c.channels, after = right * c.channels;
    std::memset(copies, 0, static_cast<size_t>(before) * sizeof(float));
    std::memcpy(copies + before, source, static_cast<size_t>(inside) * sizeof(float));
    std::memset(copies + before + inside, 0, static_cast<size_t>(after) * sizeof(float));
    inputs[r] = copies;
  }
}

// Lists the segments of a tile; returns their number, 0 when every frame is missing.
UMBEL_INLINE int64_t list_segments(const Conv& c, const Tiling& tiling, const Tile& tile, const float* zeros,
                                   const Workspace& work) {
  int64_t count = 0;
  for (int64_t t = 0; t < c.kernel_t; ++t) {
    const float* frame = c.frame(tile.frame * c.stride_t + t - c.pad_t);
    if (!frame) continue;
    float* copies = work.copies + t * tiling.window_rows * tiling.window * c.channels;
    const float** inputs = work.inputs + t * tiling.window_rows;
    gather_rows(c, tiling, tile, frame, zeros, copies, inputs);
    for (int64_t h = 0; h < c.kernel_h; ++h) {
      for (int64_t from = 0; from < c.run; from += tiling.piece, ++count) {
        work.segments[count] = {(t * c.kernel_h + h) * c.run + from, least(tiling.piece, c.run - from)};
        for (int64_t j = 0; j < tile.rows; ++j) {
          work.pointers[j * tiling.segments + count] = inputs[j * c.stride_h + h] + from;
        }
      }
    }
  }
  return count;
}

struct Weights {
  const float* values;  // panels, or [channel][depth] for the inner tiles
  const float* bias;    // zero-padded to whole vectors
};

// The tile's outputs of panels [first_panel, last_panel).
UMBEL_INLINE void run_tile(const Conv& c, const Tiling& tiling, const Panels& panels, const Weights& weights,
                           const Tile& tile, const Workspace& work, int64_t count, int64_t first_panel,
                           int64_t last_panel) {
  const int64_t stages = most(1, ceil_div(count, tiling.stage)), pixel_step = c.stride_w * c.channels;
  const int64_t corner = ((tile.frame * c.out_height + tile.row) * c.out_width + tile.column) * c.out_channels;
  for (int64_t stage = 0; stage < stages; ++stage) {
    const int64_t from = count * stage / stages, to = count * (stage + 1) / stages;
    for (int64_t panel = first_panel; panel < last_panel; ++panel) {
      const int64_t channel = panels.first(panel) * kWidth, vecs = panels.size(panel);
      const auto lanes = static_cast<int>(least(kWidth, c.out_channels - channel - (vecs - 1) * kWidth));
      for (int64_t j = 0; j < tile.rows; ++j) {
        const int64_t at = corner + j * c.out_width * c.out_channels + channel;
        TileOutput output;
        output.out = c.out + at;
        output.start = stage == 0 ? weights.bias + channel : output.out;
        output.residual = stage == stages - 1 && c.residual ? c.residual + at : nullptr;
        output.out_step = c.out_channels;
        output.start_step = stage == 0 ? 0 : c.out_channels;
        outer_row(static_cast<int>(vecs), tile.columns, work.segments + from, to - from,
                  work.pointers + j * tiling.segments + from, pixel_step, weights.values + channel * c.depth, output,
                  lanes);
      }
    }
  }
}

UMBEL_INLINE void run_inner_tile(const Conv& c, const Tiling& tiling, const Weights& weights, const Tile& tile,
                                 const Workspace& work, int64_t count) {
  for (int64_t j = 0; j < tile.rows; ++j) {
    const int64_t at = ((tile.frame * c.out_height + tile.row + j) * c.out_width + tile.column) * c.out_channels;
    const TileOutput output{c.out + at, weights.bias, c.residual ? c.residual + at : nullptr, c.out_channels, 0};
    const float** pointers = work.pointers + j * tiling.segments;
    const int64_t pixel_step = c.stride_w * c.channels;
    if (c.run % kWidth == 0) {
      inner_row<true>(c.out_channels, tile.columns, work.segments, count, pointers, pixel_step, weights.values, c.depth,
                      output);
    } else {
      inner_row<false>(c.out_channels, tile.columns, work.segments, count, pointers, pixel_step, weights.values,
                       c.depth, output);
    }
  }
}

template <class T>
UMBEL_INLINE T* scratch_of(CpuContext& ctx, size_t n) {
  return static_cast<T*>(ctx.scratch(n * sizeof(T)));
}

void conv3d(CpuContext& ctx, const Tensor& x, const Tensor* before, const Tensor* older, const Tensor& weight,
            const Tensor* bias, std::span<const int64_t> stride, std::span<const int64_t> padding,
            const Tensor* residual, bool doubled, const Tensor& out) {
  if (out.numel() == 0) return;
  const Conv c = describe(ctx, {x, before, older, doubled}, weight, stride.data(), padding.data(), residual, out);
  const bool inner = kWidth >= 8 && c.out_channels <= kMaxInnerChannels;
  const Panels panels(c.out_channels);
  const Tiling tiling(c, inner ? 1 : panels.count, ctx.threads());

  const auto padded = static_cast<size_t>(panels.vecs * kWidth);
  auto* values = scratch_of<float>(ctx, padded * static_cast<size_t>(c.depth));
  auto* padded_bias = scratch_of<float>(ctx, padded);
  auto* zeros = scratch_of<float>(ctx, static_cast<size_t>(tiling.window * c.channels));
  const auto threads = static_cast<size_t>(ctx.threads());
  const size_t copied = tiling.copied_floats(c);
  const auto input_rows = static_cast<size_t>(c.kernel_t * tiling.window_rows);
  const auto segments = static_cast<size_t>(tiling.segments), rows = static_cast<size_t>(tiling.rows);
  auto* copies = scratch_of<float>(ctx, copied * threads);
  auto* inputs = scratch_of<const float*>(ctx, input_rows * threads);
  auto* pointers = scratch_of<const float*>(ctx, rows * segments * threads);
  auto* lists = scratch_of<Segment>(ctx, segments * threads);

  std::memset(zeros, 0, static_cast<size_t>(tiling.window * c.channels) * sizeof(float));
  std::memset(padded_bias, 0, padded * sizeof(float));
  if (bias) read_floats(bias->dtype, bias->data, 0, padded_bias, c.out_channels);
  if (inner) {
    read_floats(weight.dtype, weight.data, 0, values, c.out_channels * c.depth);
  } else {
    pack_panels(ctx, c, panels, weight, values);
  }
  const Weights weights{values, padded_bias};

  const int64_t tiles = c.out_frames * tiling.row_tiles * tiling.column_tiles;
  ctx.parallel_for(tiles * tiling.groups, 1, [&](int64_t begin, int64_t end, int thread) {
    const auto own = static_cast<size_t>(thread);
    const Workspace work{copies + own * copied, inputs + own * input_rows, pointers + own * rows * segments,
                         lists + own * segments};
    for (int64_t item = begin; item < end && !ctx.cancelled(); ++item) {
      const int64_t index = item / tiling.groups, group = item % tiling.groups;
      const int64_t line = index / tiling.column_tiles;
      Tile tile;
      tile.column = (index % tiling.column_tiles) * tiling.columns;
      tile.row = (line % tiling.row_tiles) * tiling.rows;
      tile.frame = line / tiling.row_tiles;
      tile.columns = least(tiling.columns, c.out_width - tile.column);
      tile.rows = least(tiling.rows, c.out_height - tile.row);
      const int64_t count = list_segments(c, tiling, tile, zeros, work);
      if (inner) {
        run_inner_tile(c, tiling, weights, tile, work, count);
      } else {
        run_tile(c, tiling, panels, weights, tile, work, count, group * tiling.group,
                 least(panels.count, (group + 1) * tiling.group));
      }
    }
  });
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, conv3d, umbel::conv3d)
