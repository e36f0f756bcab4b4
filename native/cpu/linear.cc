// activation(x W^T + bias), W in any storage type; algorithm and tiles in gemm_linear.h and gemm.h.
//
// Measured on an AMD EPYC (Zen 3, AVX2) in GFLOP/s of one core, in processor time beside other work, OpenBLAS 0.3.21 in
// brackets: 512 x 2048 x 2048 76 (83), 2304 x 256 x 256 79 (76), 2304 x 256 x 1024 83 (78), 2304 x 257 x 333 73 (66),
// 18900 x 512 x 512 84 (80); the bare tile 95. bfloat16 weights: the same within 2 %; one row of 2048 x 2048: 21 (2.7).
// The AVX-512 and AVX512_BF16 variants are compiled and were checked in emulation, but not timed.
#include "core/cpu_context.h"
#include "core/kernel.h"
#include "cpu/gemm_linear.h"

namespace {

void linear(umbel::CpuContext& ctx, const umbel::Tensor& x, const umbel::Tensor& w, const umbel::Tensor* bias,
            int64_t activation, const umbel::Tensor& out) {
  umbel::Epilogue epilogue;
  epilogue.activation = activation;
  umbel::linear_into(ctx, x, w, bias, epilogue, out);
}

}  // namespace

UMBEL_KERNEL(cpu, linear, linear)
