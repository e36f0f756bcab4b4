#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace umbel {

// What a CPU kernel gets besides its tensors. Kernels are compiled once per instruction set, so this header (and every
// header they include) defines no out-of-line inline function: the linker would keep a single copy for all of them.
class CpuContext {
 public:
  using Body = void (*)(void* closure, int64_t begin, int64_t end, int thread);

  virtual int threads() const = 0;
  // Splits [0, n) into ranges of at least `grain` items over the thread pool and returns when all are done. Ranges are
  // handed out dynamically; once the job is cancelled the remaining ones are skipped. Results must not depend on the
  // split: a reduction never crosses items.
  virtual void run_ranges(int64_t n, int64_t grain, Body body, void* closure) = 0;
  // 64-byte aligned scratch of this op, freed when it returns; call before run_ranges, never inside. Throws
  // ERR_OUT_OF_MEMORY.
  virtual void* scratch(size_t bytes) = 0;
  virtual bool cancelled() const = 0;
  // True when bfloat16 dot products may stand in for float32 ones (--precision bf16).
  virtual bool bf16_compute() const = 0;

  template <class F>
  __attribute__((always_inline)) inline void parallel_for(int64_t n, int64_t grain, const F& f) {
    run_ranges(
        n, grain,
        [](void* closure, int64_t begin, int64_t end, int thread) {
          (*static_cast<const F*>(closure))(begin, end, thread);
        },
        const_cast<void*>(static_cast<const void*>(&f)));
  }

 protected:
  ~CpuContext() = default;
};

}  // namespace umbel
