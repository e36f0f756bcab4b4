// x / max(|x|, 1e-12) * sqrt(C) * gamma over the last axis, then SiLU when asked for; kernel in row_norm.cu.
#include "cuda/portable/row_norm.h"

namespace umbel {
namespace {

void channel_rms_norm(CudaContext& ctx, const Tensor& x, const Tensor& gamma, bool activate, const Tensor& out) {
  RowNorm norm;
  norm.kind = RowNorm::Kind::channel;
  norm.eps = 1e-12f;
  norm.weight = &gamma;
  norm.silu = activate;
  launch_row_norm(ctx, norm, x, out, "channel_rms_norm");
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, channel_rms_norm, umbel::channel_rms_norm)
