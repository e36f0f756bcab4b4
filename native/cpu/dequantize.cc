// Blocks of a GGUF format to float32. A thread takes whole blocks; the format is a template argument, so that the loop over
// a block's elements has no branch on it.
#include "core/cpu_context.h"
#include "core/fail.h"
#include "cpu/simd.h"
#include "quant/block_formats.h"

namespace umbel {
namespace {

void dequantize(CpuContext& ctx, const Tensor& x, int64_t format, const Tensor& out) {
  const uint8_t* in = x.u8();
  float* o = out.f32();
  const int64_t bytes = x.numel(), count = out.numel();
  const bool known = with_block_format(format, [&]<BlockFormat type>() __attribute__((always_inline)) {
    constexpr BlockSize size = block_size(type);
    const int64_t blocks = count / size.elements;
    if (blocks * size.elements != count || blocks * size.bytes != bytes) {
      fail("ERR_SHAPE", "Expected %lld bytes for %lld elements of format %lld, got %lld.",
           static_cast<long long>(blocks * size.bytes), static_cast<long long>(count), static_cast<long long>(format),
           static_cast<long long>(bytes));
    }
    ctx.parallel_for(blocks, 16384 / size.elements, [=](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        const uint8_t* block = in + i * size.bytes;
        float* to = o + i * size.elements;
        for (int j = 0; j < size.elements; ++j) to[j] = block_value<type>(block, j);
      }
    });
  });
  if (!known) fail("ERR_DTYPE", "Expected a block format, got number %lld.", static_cast<long long>(format));
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, dequantize, umbel::dequantize)
