#pragma once
// out[m, n] = epilogue(sum_k x[m, k] w[n, k]): the body of linear and linear_gated_residual.
//
// Few rows (M <= kFewRows): a row of W is read once where it lies and converted in registers, against four rows of x at a
// time; columns are shared among threads.
// Otherwise W is packed into panels (converted on the way), at most kPackedFloats of it at a time, by all threads; then
// tasks of kTaskRows rows by a run of panels go over K in blocks that keep one panel block in L1 and the rows in L2, where
// they are copied side by side (rows a power of two apart would share a few cache sets).
// K is never shared among threads, and its blocks depend on K alone.
#include "core/cpu_context.h"
#include "core/fail.h"
#include "cpu/gemm.h"

namespace umbel {
namespace {

constexpr int64_t kFewRows = 4;
constexpr int64_t kTaskRows = 16 * kTileRows;
constexpr int64_t kPackedFloats = 1 << 20;
constexpr int64_t kDepthBlock = 384;

// What happens to a sum before it is written: + bias, activation, then residual + gate * value where they are given.
struct Epilogue {
  const float* bias = nullptr;  // [N]
  int64_t activation = 0;       // as in include/ops.h
  const float* residual = nullptr;  // [M, N]
  const float* gate = nullptr;      // [N], or [M, N] with gate_stride N
  int64_t gate_stride = 0;

  UMBEL_INLINE bool empty() const { return !bias && !activation && !residual; }
};

UMBEL_INLINE Vec activate(Vec x, int64_t activation) {
  switch (activation) {
    case 1: return gelu_tanh(x);
    case 2: return silu(x);
    case 3: return gelu_erf(x);
    default: return x;
  }
}

// Columns [col, col + n) of one row, n <= kWidth when called for a tail; sums and out may be the same.
template <bool tail>
UMBEL_INLINE void finish(const Epilogue& e, int64_t row, int64_t col, int n, int64_t width,
                         const float* sums, float* out) {
  const auto get = [n](const float* p) __attribute__((always_inline)) {
    return tail ? load_tail(p, n) : load(p);
  };
  Vec x = get(sums);
  if (e.bias) x = x + get(e.bias + col);
  if (e.activation) x = activate(x, e.activation);
  if (e.residual) x = fma(get(e.gate + row * e.gate_stride + col), x, get(e.residual + row * width + col));
  if (tail) store_tail(out, x, n);
  else store(out, x);
}

UMBEL_INLINE void finish_row(const Epilogue& e, int64_t row, int64_t col, int64_t n, int64_t width,
                             const float* sums, float* out) {
  int64_t j = 0;
  for (; j + kWidth <= n; j += kWidth) finish<false>(e, row, col + j, kWidth, width, sums + j, out + j);
  if (j < n) finish<true>(e, row, col + j, static_cast<int>(n - j), width, sums + j, out + j);
}

// Dot products of up to four rows of x with one row of W.
template <int rows, DType type>
UMBEL_INLINE void dots(const float* x, int64_t ldx, const Storage<type>* w, int64_t depth, float* out,
                       int64_t ldo) {
  // Two chains a row hide the latency of the multiply-adds.
  Vec even[rows], odd[rows];
#pragma GCC unroll 4
  for (int i = 0; i < rows; ++i) even[i] = odd[i] = zero();
  int64_t k = 0;
  for (; k + 2 * kWidth <= depth; k += 2 * kWidth) {
    const Vec w0 = load_as_float<type>(w + k), w1 = load_as_float<type>(w + k + kWidth);
#pragma GCC unroll 4
    for (int i = 0; i < rows; ++i) {
      even[i] = fma(load(x + i * ldx + k), w0, even[i]);
      odd[i] = fma(load(x + i * ldx + k + kWidth), w1, odd[i]);
    }
  }
  float rest[rows] = {};
  for (; k < depth; ++k) {
    const float value = value_to_float<type>(w[k]);
    for (int i = 0; i < rows; ++i) rest[i] += x[i * ldx + k] * value;
  }
  for (int i = 0; i < rows; ++i) out[i * ldo] = reduce_add(even[i] + odd[i]) + rest[i];
}

template <DType type>
__attribute__((noinline)) void few_rows(const float* x, int64_t m, int64_t depth,
                                        const Storage<type>* w, int64_t begin, int64_t end,
                                        int64_t width, float* out) {
  for (int64_t n = begin; n < end; ++n) {
    const Storage<type>* row = w + n * depth;
    int64_t i = 0;
    for (; i + 4 <= m; i += 4) dots<4, type>(x + i * depth, depth, row, depth, out + i * width + n, width);
    switch (m - i) {
      case 3: dots<3, type>(x + i * depth, depth, row, depth, out + i * width + n, width); break;
      case 2: dots<2, type>(x + i * depth, depth, row, depth, out + i * width + n, width); break;
      case 1: dots<1, type>(x + i * depth, depth, row, depth, out + i * width + n, width); break;
      default: break;
    }
  }
}

// Blocks of equal length, a multiple of 8, at most kDepthBlock.
UMBEL_INLINE int64_t depth_block(int64_t depth) {
  const int64_t blocks = most(1, ceil_div(depth, kDepthBlock));
  return most(8, round_up(ceil_div(depth, blocks), 8));
}

// One task: rows [m0, m1) by packed panels [p0, p1), whose first column is col0 + p0 * kTileCols.
__attribute__((noinline)) void linear_task(const float* x, int64_t depth, const float* packed,
                                           int64_t col0, int64_t width, int64_t m0, int64_t m1, int64_t p0,
                                           int64_t p1, float* out, const Epilogue& epilogue, float* rows_copy) {
  const int64_t block = depth_block(depth);
  alignas(64) float ragged[kTileRows * kTileCols];
  for (int64_t k = 0; k == 0 || k < depth; k += block) {
    const int64_t n = least(block, depth - k);
    const bool last = k + block >= depth;
    const float* left = x + m0 * depth + k;
    int64_t left_stride = depth;
    if (depth > block) {
      for (int64_t m = 0; m < m1 - m0; ++m) {
        std::memcpy(rows_copy + m * block, left + m * depth, sizeof(float) * static_cast<size_t>(n));
      }
      left = rows_copy;
      left_stride = block;
    }
    for (int64_t p = p0; p < p1; ++p) {
      const int64_t col = col0 + p * kTileCols;
      const int64_t cols = least(kTileCols, width - col);
      const float* panel = packed + (p * depth + k) * kTileCols;
      const float* next = panel + depth * kTileCols;
      const int64_t ahead = p + 1 < p1 ? n * kTileCols / 16 / ceil_div(m1 - m0, kTileRows) : 0;
      for (int64_t m = m0; m < m1; m += kTileRows) {
        const int rows = static_cast<int>(least(kTileRows, m1 - m));
        float* c = out + m * width + col;
        // The next panel comes from L3 while this one is used.
        for (int64_t line = 0; line < ahead; ++line) __builtin_prefetch(next + line * 16, 0, 2);
        next += ahead * 16;
        if (cols == kTileCols) {
          tile(rows, left + (m - m0) * left_stride, left_stride, panel, n, c, width, k > 0);
          for (int i = 0; last && !epilogue.empty() && i < rows; ++i) {
            finish_row(epilogue, m + i, col, cols, width, c + i * width, c + i * width);
          }
          continue;
        }
        // The last, ragged panel goes through a tile of full width.
        for (int i = 0; k > 0 && i < rows; ++i) {
          std::memcpy(ragged + i * kTileCols, c + i * width, sizeof(float) * static_cast<size_t>(cols));
        }
        tile(rows, left + (m - m0) * left_stride, left_stride, panel, n, ragged, kTileCols, k > 0);
        for (int i = 0; i < rows; ++i) {
          const float* sums = ragged + i * kTileCols;
          if (last) finish_row(epilogue, m + i, col, cols, width, sums, c + i * width);
          else std::memcpy(c + i * width, sums, sizeof(float) * static_cast<size_t>(cols));
        }
      }
    }
  }
}

// x [m, depth], w [width, depth] of any float type, out [m, width].
UMBEL_INLINE void linear_f32(CpuContext& ctx, const float* x, int64_t m, int64_t depth, const Tensor& w,
                             int64_t width, float* out, const Epilogue& epilogue) {
  if (m <= kFewRows) {
    // About 32k multiply-adds a range.
    const int64_t grain = most(1, (1 << 15) / most(1, depth * m));
    ctx.parallel_for(width, grain, [&](int64_t begin, int64_t end, int) {
      with_float_type(w.dtype, [&]<DType type>() {
        few_rows<type>(x, m, depth, static_cast<const Storage<type>*>(w.data), begin, end, width, out);
      });
      for (int64_t i = 0; i < m; ++i) {
        float* row = out + i * width + begin;
        finish_row(epilogue, i, begin, end - begin, width, row, row);
      }
    });
    return;
  }
  const int64_t panels = ceil_div(width, kTileCols);
  const int64_t chunk = least(panels, most(8, kPackedFloats / most(1, depth * kTileCols)));
  auto* packed = static_cast<float*>(
      ctx.scratch(sizeof(float) * static_cast<size_t>(most(1, chunk * depth * kTileCols))));
  auto* copies = static_cast<float*>(
      ctx.scratch(sizeof(float) * static_cast<size_t>(kTaskRows * kDepthBlock) * static_cast<size_t>(ctx.threads())));
  const int64_t row_tasks = ceil_div(m, kTaskRows);
  for (int64_t first = 0; first < panels && !ctx.cancelled(); first += chunk) {
    const int64_t count = least(chunk, panels - first);
    const int64_t col0 = first * kTileCols;
    ctx.parallel_for(count, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t p = begin; p < end; ++p) {
        const int64_t row = col0 + p * kTileCols;
        pack_panel(w.dtype, w.data, depth, row, least(kTileCols, width - row), depth,
                   packed + p * depth * kTileCols);
      }
    });
    // Enough tasks for an even load; the split changes no result.
    const int64_t splits = least(ceil_div(count, 4), ceil_div(8 * ctx.threads(), row_tasks));
    const int64_t run = ceil_div(count, most(1, splits));
    const int64_t runs = ceil_div(count, run);
    ctx.parallel_for(row_tasks * runs, 1, [&](int64_t begin, int64_t end, int thread) {
      for (int64_t task = begin; task < end && !ctx.cancelled(); ++task) {
        const int64_t m0 = task / runs * kTaskRows, p0 = task % runs * run;
        linear_task(x, depth, packed, col0, width, m0, least(m, m0 + kTaskRows), p0, least(count, p0 + run),
                    out, epilogue, copies + thread * kTaskRows * kDepthBlock);
      }
    });
  }
}

// Checks shapes, reads the bias and runs the product.
UMBEL_INLINE void linear_into(CpuContext& ctx, const Tensor& x, const Tensor& w, const Tensor* bias,
                              Epilogue epilogue, const Tensor& out) {
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
    auto* values = static_cast<float*>(ctx.scratch(sizeof(float) * static_cast<size_t>(most(1, width))));
    read_floats(bias->dtype, bias->data, 0, values, width);
    epilogue.bias = values;
  }
  if (width == 0) return;
  linear_f32(ctx, x.f32(), out.numel() / width, depth, w, width, out.f32(), epilogue);
}

}  // namespace
}  // namespace umbel
