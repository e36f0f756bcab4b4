#include "cuda/arena.h"

#include "core/fail.h"
#include "cuda/context.h"

namespace umbel {
namespace {

// That many bytes of small blocks there may be at a time.
constexpr int64_t kSmallBlocks = int64_t{256} << 20;

double mebibytes(int64_t bytes) { return static_cast<double>(bytes) / 1048576.0; }

}  // namespace

CudaArena::CudaArena(int ordinal, int64_t budget, cudaStream_t stream)
    : ordinal_(ordinal),
      budget_(budget),
      stream_(stream),
      staging_(stream),
      large_(CudaChunks::open(ordinal, budget - kSmallBlocks)),
      small_(CudaChunks::open(ordinal, kSmallBlocks)),
      heap_(*large_, *small_, budget) {}

CudaArena::~CudaArena() { cudaSetDevice(ordinal_); }

void CudaArena::detach() noexcept {
  staging_.close();
  trim();
}

void* CudaArena::allocate(size_t bytes) {
  if (bytes > size_t{1} << 60) out_of_memory(bytes);
  const std::lock_guard lock(mutex_);
  const Heap::Place place = heap_.allocate(bytes);
  if (place.offset == Region::kNone) out_of_memory(bytes);
  count(allocated.fetch_add(static_cast<int64_t>(bytes)) + static_cast<int64_t>(bytes));
  return (place.large ? large_ : small_)->base() + place.offset;
}

void CudaArena::release(void* data, size_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  allocated.fetch_sub(static_cast<int64_t>(bytes));
  const bool large = bytes >= Heap::kLarge;
  const char* base = (large ? large_ : small_)->base();
  heap_.release({large, static_cast<size_t>(static_cast<char*>(data) - base)});
}

void CudaArena::trim() noexcept {
  const std::lock_guard lock(mutex_);
  cudaSetDevice(ordinal_);
  heap_.trim();
}

void CudaArena::upload(void* target, const void* source, size_t bytes) {
  staging_.upload(target, source, bytes);
}

void CudaArena::upload_file(void* target, const FileMapping& file, size_t offset, size_t bytes) {
  staging_.upload(target, file, offset, bytes);
}

void CudaArena::download(void* target, const void* source, size_t bytes) {
  staging_.download(target, source, bytes);
}

void CudaArena::fill_zero(void* target, size_t bytes) {
  if (bytes > 0) check_cuda(cudaMemsetAsync(target, 0, bytes, stream_), "cudaMemsetAsync");
}

void CudaArena::out_of_memory(size_t bytes) {
  const int64_t used = allocated.load();
  fail("ERR_OUT_OF_MEMORY",
       "Expected %.1f MiB of free memory on the GPU, got %.1f MiB in use of a budget of %.1f MiB%s. Use a smaller "
       "resolution, fewer frames or a smaller model%s.",
       mebibytes(static_cast<int64_t>(bytes)), mebibytes(used), mebibytes(budget_),
       heap_.refused() ? ", of which the driver gives no more" : "",
       heap_.refused() ? ", or close other programs that use the GPU" : ", or raise --vram");
}

}  // namespace umbel
