// Any strides to contiguous, same storage type. Elements that follow each other in both are moved in units of up to 16
// bytes, one a thread; index arithmetic is 32-bit where the tensor allows it. Bound by memory; a transpose reads sectors
// that its neighbours read too, from L2. H200: heads in front,
// 69,120 x 5,120 of bfloat16, 3.90 TB/s, 92 % of the driver's copy, which moves contiguous ones; halves of 192 channels
// 3.52 TB/s.
#include "cuda/context.h"
#include "cuda/portable/strided.cuh"
#include "cuda/portable/vector.cuh"

namespace umbel {
namespace {

template <class Unit, class Index>
__global__ void __launch_bounds__(256) copy_kernel(const Unit* x, Unit* out, StridedPlan plan, Index count) {
  const Index step = static_cast<Index>(gridDim.x) * blockDim.x;
  for (Index i = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;) {
    out[i] = x[source_offset<Index>(plan, i)];
    if (count - i <= step) break;  // an unsigned index must not wrap around
    i += step;
  }
}

template <class Unit>
void copy_units(CudaContext& ctx, const void* x, void* out, const StridedPlan& plan, int64_t count) {
  const unsigned blocks = grid_of(count, 256, ctx.multiprocessors(), 32);
  if (count < int64_t{1} << 32) {
    copy_kernel<Unit, uint32_t><<<blocks, 256, 0, ctx.stream()>>>(
        static_cast<const Unit*>(x), static_cast<Unit*>(out), plan, static_cast<uint32_t>(count));
  } else {
    copy_kernel<Unit, uint64_t><<<blocks, 256, 0, ctx.stream()>>>(
        static_cast<const Unit*>(x), static_cast<Unit*>(out), plan, static_cast<uint64_t>(count));
  }
  check_launch("copy");
}

void copy(CudaContext& ctx, const Tensor& x, const Tensor& out) {
  const int64_t count = out.numel();
  if (count == 0) return;
  StridedPlan plan = plan_strided(x);
  if (plan.rank == 1 && plan.stride[0] == 1) {
    check_cuda(cudaMemcpyAsync(out.data, x.data, out.bytes(), cudaMemcpyDeviceToDevice, ctx.stream()), "copy");
    return;
  }
  const int inner = plan.rank - 1;
  const auto element = static_cast<int64_t>(dtype_size(x.dtype));
  // The largest unit that divides the inner run, all other strides and the addresses.
  int64_t unit = element;
  if (plan.stride[inner] == 1) {
    for (int64_t wanted = 16; wanted > element; wanted /= 2) {
      const int64_t elements = wanted / element;
      bool fits = plan.shape[inner] % elements == 0 && reinterpret_cast<uintptr_t>(x.data) % wanted == 0 &&
                  reinterpret_cast<uintptr_t>(out.data) % wanted == 0;
      for (int i = 0; i < inner; ++i) fits = fits && plan.stride[i] % elements == 0;
      if (!fits) continue;
      unit = wanted;
      plan.shape[inner] /= elements;
      for (int i = 0; i < inner; ++i) plan.stride[i] /= elements;
      break;
    }
  }
  const int64_t units = count * element / unit;
  switch (unit) {
    case 16:
      return copy_units<uint4>(ctx, x.data, out.data, plan, units);
    case 8:
      return copy_units<uint2>(ctx, x.data, out.data, plan, units);
    case 4:
      return copy_units<uint32_t>(ctx, x.data, out.data, plan, units);
    case 2:
      return copy_units<uint16_t>(ctx, x.data, out.data, plan, units);
    default:
      return copy_units<uint8_t>(ctx, x.data, out.data, plan, units);
  }
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, copy, umbel::copy)
