// w [N, K] + scale * up [N, r] down [r, K], summed in float32 and rounded to the output's type.
//
// `down` is packed into panels once ([r][tile columns], zero padded) and `up` converted; a task then makes the product
// for a few rows, one tile after another, in a strip that stays in L1, and adds the stored row to it.
#include "core/cpu_context.h"
#include "core/fail.h"
#include "core/kernel.h"
#include "cpu/gemm.h"

namespace umbel {
namespace {

constexpr int64_t kStripPanels = 16;
constexpr int64_t kStrip = kStripPanels * kTileCols;

void lora_merge(CpuContext& ctx, const Tensor& w, const Tensor& up, const Tensor& down, double scale,
                const Tensor& out) {
  const int64_t rank = down.dim(0), n = up.dim(0);
  const int64_t depth = rank == 0 ? 0 : down.numel() / rank;
  if (rank == 0 || up.numel() != n * rank || w.numel() != n * depth || out.numel() != w.numel()) {
    fail("ERR_SHAPE", "Expected w [N, K], up [N, r] and down [r, K], got %lld, %lld and %lld values with r = %lld.",
         static_cast<long long>(w.numel()), static_cast<long long>(up.numel()), static_cast<long long>(down.numel()),
         static_cast<long long>(rank));
  }
  if (!is_float(w.dtype) || !is_float(up.dtype) || !is_float(down.dtype) || !is_float(out.dtype)) {
    fail("ERR_DTYPE", "Expected float types for a LoRA merge, got an integer type.");
  }
  const int64_t panels = ceil_div(depth, kTileCols);
  const auto threads = static_cast<size_t>(ctx.threads());
  auto* left = static_cast<float*>(ctx.scratch(sizeof(float) * static_cast<size_t>(n * rank)));
  auto* packed = static_cast<float*>(ctx.scratch(sizeof(float) * static_cast<size_t>(panels * rank * kTileCols)));
  constexpr int64_t kScratch = (kTileRows + 1) * kStrip;
  auto* strips = static_cast<float*>(ctx.scratch(sizeof(float) * threads * static_cast<size_t>(kScratch)));

  ctx.parallel_for(n, 64, [&](int64_t begin, int64_t end, int) {
    read_floats(up.dtype, up.data, begin * rank, left + begin * rank, (end - begin) * rank);
    const auto factor = static_cast<float>(scale);
    for (int64_t i = begin * rank; i < end * rank; ++i) left[i] *= factor;
  });
  ctx.parallel_for(panels, 4, [&](int64_t begin, int64_t end, int) {
    for (int64_t p = begin; p < end; ++p) {
      const int64_t cols = least(kTileCols, depth - p * kTileCols);
      for (int64_t r = 0; r < rank; ++r) {
        float* row = packed + (p * rank + r) * kTileCols;
        read_floats(down.dtype, down.data, r * depth + p * kTileCols, row, cols);
        for (int64_t j = cols; j < kTileCols; ++j) row[j] = 0.0f;
      }
    }
  });
  const int64_t groups = ceil_div(n, kTileRows), strip_count = ceil_div(panels, kStripPanels);
  ctx.parallel_for(groups * strip_count, 4, [&](int64_t begin, int64_t end, int thread) {
    float* product = strips + thread * kScratch;
    float* stored = product + kTileRows * kStrip;
    for (int64_t task = begin; task < end; ++task) {
      // Tasks of one strip follow each other, so its panels stay in the cache.
      const int64_t row = task % groups * kTileRows, first = task / groups * kStripPanels;
      const int rows = static_cast<int>(least(kTileRows, n - row));
      const int64_t count = least(kStripPanels, panels - first);
      for (int64_t p = 0; p < count; ++p) {
        tile(rows, left + row * rank, rank, packed + (first + p) * rank * kTileCols, rank, product + p * kTileCols,
             kStrip, false);
      }
      const int64_t col = first * kTileCols, cols = least(kStrip, depth - col);
      for (int i = 0; i < rows; ++i) {
        float* sum = product + i * kStrip;
        const int64_t at = (row + i) * depth + col;
        read_floats(w.dtype, w.data, at, stored, cols);
        for (int64_t j = 0; j < cols; ++j) sum[j] += stored[j];
        write_floats(out.dtype, out.data, at, sum, cols);
      }
    }
  });
}

}  // namespace
}  // namespace umbel

namespace {
using umbel::lora_merge;
}
UMBEL_KERNEL(cpu, lora_merge, lora_merge)
