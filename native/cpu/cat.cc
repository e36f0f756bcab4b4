// Joins contiguous tensors of one storage type along an axis: for each index of the axes in front, a block of every
// input. Ranges are bytes of one input, so one long block is shared by all threads. Bound by memory.
#include <cstring>

#include "core/cpu_context.h"
#include "core/kernel.h"

namespace umbel {
namespace {

constexpr int64_t kByteGrain = int64_t{1} << 17;

// Moves bytes [begin, end) of consecutive blocks of `block` bytes to blocks that begin `pitch` bytes apart.
UMBEL_INLINE void move_blocks(const char* in, char* out, int64_t block, int64_t pitch, int64_t begin, int64_t end) {
  for (int64_t at = begin; at < end;) {
    const int64_t row = at / block, first = at - row * block;
    const int64_t n = block - first < end - at ? block - first : end - at;
    std::memcpy(out + row * pitch + first, in + at, static_cast<size_t>(n));
    at += n;
  }
}

void cat(CpuContext& ctx, std::span<const Tensor> inputs, int64_t axis, const Tensor& out) {
  const auto element = static_cast<int64_t>(dtype_size(out.dtype));
  const auto joined = static_cast<int>(axis < 0 ? axis + out.rank : axis);
  int64_t inside = element;
  for (int i = joined + 1; i < out.rank; ++i) inside *= out.dim(i);
  const int64_t pitch = out.dim(joined) * inside;
  auto* o = static_cast<char*>(out.data);
  const Tensor* x = inputs.data();
  for (size_t k = 0; k < inputs.size(); ++k) {
    const int64_t block = x[k].dim(joined) * inside;
    const int64_t bytes = x[k].numel() * element;
    const auto* in = static_cast<const char*>(x[k].data);
    ctx.parallel_for(bytes, kByteGrain,
                     [=](int64_t begin, int64_t end, int) { move_blocks(in, o, block, pitch, begin, end); });
    o += block;
  }
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, cat, umbel::cat)
