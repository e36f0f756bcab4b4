#pragma once
// out[m, n] = epilogue(sum_k x[m, k] w[n, k]): the body of linear and linear_gated_residual.
//
// Few rows (M <= kFewRows): a row of W is read once where it lies and converted in registers, against four rows of x at
// a time; columns are shared among threads. Otherwise W is packed into panels (converted on the way), at most
// kPackedFloats of it at a time, by all threads; then tasks of kTaskRows rows by a run of panels go over K in blocks
// that keep one panel block in L1 and the rows in L2, where they are copied side by side (rows a power of two apart
// would share a few cache sets). K is never shared among threads, and its blocks depend on K alone.
#include "core/cpu_context.h"
#include "core/fail.h"
#include "cpu/gemm_bf16.h"

namespace umbel {
namespace {

constexpr int64_t kFewRows = 8;
constexpr int64_t kTaskRows = 16 * kTileRows;
constexpr int64_t kPackedFloats = 1 << 20;
constexpr int64_t kDepthBlock = 384;

// What happens to a sum before it is written: times the scales of its row and column, + bias, activation, then residual +
// gate * value, where they are given.
struct Epilogue {
  const float *row_scales = nullptr, *column_scales = nullptr;  // [M] and [N], both or none
  const float* bias = nullptr;      // [N]
  int64_t activation = 0;           // as in include/ops.h
  const float* residual = nullptr;  // [M, N]; may be what is written
  const float* gate = nullptr;      // [N], or [M, N] with gate_stride N
  int64_t gate_stride = 0;

  UMBEL_INLINE bool empty() const { return !column_scales && !bias && !activation && !residual; }
};

UMBEL_INLINE Vec activate(Vec x, int64_t activation) {
  switch (activation) {
    case 1:
      return gelu_tanh(x);
    case 2:
      return silu(x);
    case 3:
      return gelu_erf(x);
    default:
      return x;
  }
}

// Columns [col, col + n) of one row, n <= kWidth when called for a tail; sums and out may be the same.
template <bool tail>
UMBEL_INLINE void finish(const Epilogue& e, int64_t row, int64_t col, int n, int64_t width, const float* sums,
                         float* out) {
  const auto get = [n](const float* p) __attribute__((always_inline)) { return tail ? load_tail(p, n) : load(p); };
  Vec x = get(sums);
  if (e.column_scales) x = x * (splat(e.row_scales[row]) * get(e.column_scales + col));
  if (e.bias) x = x + get(e.bias + col);
  if (e.activation) x = activate(x, e.activation);
  if (e.residual) x = fma(get(e.gate + row * e.gate_stride + col), x, get(e.residual + row * width + col));
  if (tail)
    store_tail(out, x, n);
  else
    store(out, x);
}

UMBEL_INLINE void finish_row(const Epilogue& e, int64_t row, int64_t col, int64_t n, int64_t width, const float* sums,
                             float* out) {
  int64_t j = 0;
  for (; j + kWidth <= n; j += kWidth) finish<false>(e, row, col + j, kWidth, width, sums + j, out + j);
  if (j < n) finish<true>(e, row, col + j, static_cast<int>(n - j), width, sums + j, out + j);
}

template <DType type>
__attribute__((noinline)) void few_rows(const float* x, int64_t m, int64_t depth, const Storage<type>* w, int64_t begin,
                                        int64_t end, int64_t width, float* out) {
  for (int64_t n = begin; n < end; ++n) {
    const Storage<type>* row = w + n * depth;
    int64_t i = 0;
    for (; i + 4 <= m; i += 4) dots<4, type>(x + i * depth, depth, row, depth, out + i * width + n, width);
    switch (m - i) {
      case 3:
        dots<3, type>(x + i * depth, depth, row, depth, out + i * width + n, width);
        break;
      case 2:
        dots<2, type>(x + i * depth, depth, row, depth, out + i * width + n, width);
        break;
      case 1:
        dots<1, type>(x + i * depth, depth, row, depth, out + i * width + n, width);
        break;
      default:
        break;
    }
  }
}

// Blocks of equal length, a multiple of 8, at most kDepthBlock.
UMBEL_INLINE int64_t depth_block(int64_t depth) {
  const int64_t blocks = most(1, ceil_div(depth, kDepthBlock));
  return most(8, round_up(ceil_div(depth, blocks), 8));
}

// How a product is computed: float32, or pairs of bfloat16 where the instruction set multiplies them.
enum class Operands { floats, pairs };

// Rows of packed panels that stand for `depth` values.
template <Operands operands>
UMBEL_INLINE int64_t steps_of(int64_t depth) {
  return operands == Operands::pairs ? (depth + 1) / 2 : depth;
}
template <Operands operands>
UMBEL_INLINE void pack_weight(const Tensor& w, int64_t depth, int64_t row, int64_t rows, float* panel) {
#ifdef UMBEL_BF16_TILE
  if constexpr (operands == Operands::pairs) return pack_pairs(w.dtype, w.data, depth, row, rows, depth, panel);
#endif
  pack_panel(w.dtype, w.data, depth, row, rows, depth, panel);
}
template <Operands operands>
UMBEL_INLINE void multiply(int rows, const float* a, int64_t lda, const float* b, int64_t steps, float* c, int64_t ldc,
                           bool add) {
#ifdef UMBEL_BF16_TILE
  if constexpr (operands == Operands::pairs) return pair_tile(rows, a, lda, b, steps, c, ldc, add);
#endif
  tile(rows, a, lda, b, steps, c, ldc, add);
}

struct LinearTask {
  const float* x;  // [m, depth]
  const float* packed;
  float* out;  // [m, width]
  float* sums;  // of this task on their way, or null: they stand in `out` meanwhile
  float* rows_copy;
  int64_t depth, width, col0;  // col0: column of the first packed panel
  int64_t m0, m1, p0, p1;      // rows and packed panels of this task
};

// Brings `n` columns of the task's rows from column k together; gives the left operand and its stride.
template <Operands operands>
UMBEL_INLINE const float* gather_rows(const LinearTask& t, int64_t k, int64_t n, int64_t block, int64_t* stride) {
  const float* from = t.x + t.m0 * t.depth + k;
  *stride = t.depth;
#ifdef UMBEL_BF16_TILE
  if constexpr (operands == Operands::pairs) {
    *stride = block / 2;
    for (int64_t m = 0; m < t.m1 - t.m0; ++m) {
      round_to_pairs(from + m * t.depth, n, reinterpret_cast<uint16_t*>(t.rows_copy + m * *stride));
    }
    return t.rows_copy;
  }
#endif
  if (t.depth <= block) return from;
  *stride = block;
  for (int64_t m = 0; m < t.m1 - t.m0; ++m) {
    std::memcpy(t.rows_copy + m * block, from + m * t.depth, sizeof(float) * static_cast<size_t>(n));
  }
  return t.rows_copy;
}

template <Operands operands>
__attribute__((noinline)) void linear_task(const LinearTask& t, const Epilogue& epilogue) {
  const int64_t block = depth_block(t.depth), width = t.width, steps = steps_of<operands>(t.depth);
  const int64_t sums_stride = (t.p1 - t.p0) * kTileCols;
  alignas(64) float ragged[kTileRows * kTileCols] = {};
  for (int64_t k = 0; k == 0 || k < t.depth; k += block) {
    const int64_t n = least(block, t.depth - k), n_steps = steps_of<operands>(n);
    const bool last = k + block >= t.depth;
    int64_t stride = 0;
    const float* left = gather_rows<operands>(t, k, n, block, &stride);
    for (int64_t p = t.p0; p < t.p1; ++p) {
      const int64_t col = t.col0 + p * kTileCols;
      const int64_t cols = least(kTileCols, width - col);
      const float* panel = t.packed + (p * steps + steps_of<operands>(k)) * kTileCols;
      // The next panel comes from L3 while this one is used.
      const float* next = panel + steps * kTileCols;
      const int64_t lines = n_steps * kTileCols / 16 / ceil_div(t.m1 - t.m0, kTileRows);
      for (int64_t m = t.m0; m < t.m1; m += kTileRows) {
        const int rows = static_cast<int>(least(kTileRows, t.m1 - m));
        const float* a = left + (m - t.m0) * stride;
        float* out = t.out + m * width + col;
        float* c = t.sums ? t.sums + (m - t.m0) * sums_stride + (p - t.p0) * kTileCols : out;
        for (int64_t line = 0; p + 1 < t.p1 && line < lines; ++line, next += 16) __builtin_prefetch(next, 0, 2);
        if (t.sums || cols == kTileCols) {
          const int64_t c_stride = t.sums ? sums_stride : width;
          multiply<operands>(rows, a, stride, panel, n_steps, c, c_stride, k > 0);
          for (int i = 0; last && !epilogue.empty() && i < rows; ++i) {
            finish_row(epilogue, m + i, col, cols, width, c + i * c_stride, out + i * width);
          }
          continue;
        }
        // The last, ragged panel goes through a tile of full width.
        const auto row_bytes = sizeof(float) * static_cast<size_t>(cols);
        for (int i = 0; k > 0 && i < rows; ++i) std::memcpy(ragged + i * kTileCols, c + i * width, row_bytes);
        multiply<operands>(rows, a, stride, panel, n_steps, ragged, kTileCols, k > 0);
        for (int i = 0; i < rows; ++i) {
          const float* sums = ragged + i * kTileCols;
          if (last)
            finish_row(epilogue, m + i, col, cols, width, sums, c + i * width);
          else
            std::memcpy(c + i * width, sums, row_bytes);
        }
      }
    }
  }
}

UMBEL_INLINE float* scratch_floats(CpuContext& ctx, int64_t count) {
  return static_cast<float*>(ctx.scratch(sizeof(float) * static_cast<size_t>(most(1, count))));
}

// Few rows: columns [begin, end) of all of them, then the epilogue.
UMBEL_INLINE void linear_few_rows(CpuContext& ctx, const float* x, int64_t m, int64_t depth, const Tensor& w,
                                  int64_t width, float* out, const Epilogue& epilogue) {
  float* sums = epilogue.residual == out ? scratch_floats(ctx, m * width) : out;
  // About 32k multiply-adds a range.
  const int64_t grain = most(1, (1 << 15) / most(1, depth * m));
  ctx.parallel_for(width, grain, [&](int64_t begin, int64_t end, int) {
    with_float_type(w.dtype, [&]<DType type>() {
      few_rows<type>(x, m, depth, static_cast<const Storage<type>*>(w.data), begin, end, width, sums);
    });
    for (int64_t i = 0; i < m; ++i) {
      const int64_t at = i * width + begin;
      finish_row(epilogue, i, begin, end - begin, width, sums + at, out + at);
    }
  });
}

// x [m, depth], w [width, depth] of any float type, out [m, width].
template <Operands operands>
UMBEL_INLINE void linear_packed(CpuContext& ctx, const float* x, int64_t m, int64_t depth, const Tensor& w,
                                int64_t width, float* out, const Epilogue& epilogue) {
  const int64_t panels = ceil_div(width, kTileCols), panel_floats = steps_of<operands>(depth) * kTileCols;
  const int64_t chunk = least(panels, most(8, kPackedFloats / most(1, panel_floats)));
  float* packed = scratch_floats(ctx, chunk * panel_floats);
  constexpr int64_t kCopy = kTaskRows * kDepthBlock;
  float* copies = scratch_floats(ctx, kCopy * ctx.threads());
  // The residual that `out` replaces is read when the sums are complete.
  const int64_t own_sums = kTaskRows * chunk * kTileCols;
  float* sums = epilogue.residual == out ? scratch_floats(ctx, own_sums * ctx.threads()) : nullptr;
  const int64_t row_tasks = ceil_div(m, kTaskRows);
  for (int64_t first = 0; first < panels && !ctx.cancelled(); first += chunk) {
    const int64_t count = least(chunk, panels - first), col0 = first * kTileCols;
    ctx.parallel_for(count, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t p = begin; p < end; ++p) {
        const int64_t row = col0 + p * kTileCols;
        pack_weight<operands>(w, depth, row, least(kTileCols, width - row), packed + p * panel_floats);
      }
    });
    // Enough tasks for an even load; the split changes no result.
    const int64_t splits = least(ceil_div(count, 4), ceil_div(8 * ctx.threads(), row_tasks));
    const int64_t run = ceil_div(count, most(1, splits)), runs = ceil_div(count, run);
    ctx.parallel_for(row_tasks * runs, 1, [&](int64_t begin, int64_t end, int thread) {
      for (int64_t task = begin; task < end && !ctx.cancelled(); ++task) {
        const int64_t m0 = task / runs * kTaskRows, p0 = task % runs * run;
        linear_task<operands>({x, packed, out, sums ? sums + thread * own_sums : nullptr, copies + thread * kCopy,
                               depth, width, col0, m0, least(m, m0 + kTaskRows), p0, least(count, p0 + run)},
                              epilogue);
      }
    });
  }
}

// Checks shapes, reads the bias and runs the product.
UMBEL_INLINE void linear_into(CpuContext& ctx, const Tensor& x, const Tensor& w, const Tensor* bias, Epilogue epilogue,
                              const Tensor& out) {
  const int64_t depth = w.dim(1), width = w.dim(0);
  if (w.rank != 2 || x.dim(-1) != depth || out.dim(-1) != width) {
    fail("ERR_SHAPE", "Expected x [..., %lld] for a weight [%lld, %lld], got a last axis of %lld.",
         static_cast<long long>(depth), static_cast<long long>(width), static_cast<long long>(depth),
         static_cast<long long>(x.dim(-1)));
  }
  if (!is_float(w.dtype)) fail("ERR_DTYPE", "Expected a weight of a float type, got an integer type.");
  if (bias) {
    if (bias->numel() != width) {
      fail("ERR_SHAPE", "Expected a bias of %lld values, got %lld.", static_cast<long long>(width),
           static_cast<long long>(bias->numel()));
    }
    float* values = scratch_floats(ctx, width);
    read_floats(bias->dtype, bias->data, 0, values, width);
    epilogue.bias = values;
  }
  if (width == 0) return;
  const int64_t m = out.numel() / width;
  if (m <= kFewRows) return linear_few_rows(ctx, x.f32(), m, depth, w, width, out.f32(), epilogue);
#ifdef UMBEL_BF16_TILE
  if (ctx.bf16_compute()) {
    return linear_packed<Operands::pairs>(ctx, x.f32(), m, depth, w, width, out.f32(), epilogue);
  }
#endif
  linear_packed<Operands::floats>(ctx, x.f32(), m, depth, w, width, out.f32(), epilogue);
}

}  // namespace
}  // namespace umbel
