// x + y * gate: x, y [S, C], the gate of the whole sequence ([C]) or of each token ([S, C]). Bound by memory.
#include "core/cpu_context.h"
#include "cpu/row_sums.h"

namespace umbel {
namespace {

UMBEL_INLINE void add_gated_row(const float* x, const float* y, const float* gate, float* out, int64_t n) {
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) store(out + i, fma(load(y + i), load(gate + i), load(x + i)));
  const auto rest = static_cast<int>(n - i);
  if (rest > 0) {
    store_tail(out + i, fma(load_tail(y + i, rest), load_tail(gate + i, rest), load_tail(x + i, rest)), rest);
  }
}

void gated_residual(CpuContext& ctx, const Tensor& x, const Tensor& y, const Tensor& gate, const Tensor& out) {
  if (out.numel() == 0) return;
  const int64_t width = x.dim(-1), rows = x.numel() / width;
  const int64_t gate_step = gate.numel() == width ? 0 : width;
  const float *in = x.f32(), *add = y.f32(), *g = gate.f32();
  float* o = out.f32();
  ctx.parallel_for(rows, row_grain(width), [=](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      add_gated_row(in + r * width, add + r * width, g + r * gate_step, o + r * width, width);
    }
  });
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, gated_residual, umbel::gated_residual)
