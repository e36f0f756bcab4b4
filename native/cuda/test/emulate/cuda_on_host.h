#pragma once
// Runs kernels on the CPU, a thread a fiber, block after block: what of CUDA the kernels use.
// Barriers and warp exchanges let the other fibers run; shared memory is filled with NaN patterns before each block, and
// 16-byte accesses must be aligned. It checks indices, layouts and arithmetic, not races: fibers change at barriers only.
// scripts/cuda-emulate.js rewrites launches and puts the functions of emulate/mma_on_host.h and hopper_on_host.h in the
// place of PTX.
#include <cuda_runtime_api.h>
#include <ucontext.h>
#include <vector_functions.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#undef __launch_bounds__
#define __launch_bounds__(...)
#undef __shared__
#define __shared__ static
#undef __grid_constant__
#define __grid_constant__

namespace emulated {

constexpr size_t kShared = size_t{256} << 10;
constexpr size_t kStack = size_t{256} << 10;

struct Dim {
  unsigned x = 1, y = 1, z = 1;
  Dim(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
  Dim(const dim3& d) : x(d.x), y(d.y), z(d.z) {}
};
struct Barrier {
  int waiting = 0, generation = 0;
};
struct Block;
struct Fiber {
  ucontext_t context;
  std::vector<char> stack = std::vector<char>(kStack);
  Dim thread;
  Block* block = nullptr;
  bool done = false;
};
// What the lanes of a warp hand each other.
struct Exchange {
  Barrier barrier;
  float value[32];
  const void* address[32];
  uint32_t fragment[32][6];
};

struct Block {
  Dim index;
  Barrier barrier;
  Exchange warps[32];
  alignas(1024) uint8_t shared[kShared];
};

inline std::vector<std::unique_ptr<Fiber>> fibers;
inline std::unique_ptr<Block> running;
inline Fiber* current = nullptr;
inline ucontext_t home;
inline Dim block_size, grid_size;
inline std::function<void()> body;
// Grows whenever a fiber gets on; when it does not for long, nothing ever will.
inline uint64_t progress = 0;
inline const char* waiting_for = "";
// What else happens between the turns of the fibers.
inline std::function<void()> between = [] {};
inline uint8_t* shared_memory() { return current->block->shared; }

[[noreturn]] inline void stop(const char* why) {
  std::printf("stopped: %s\n", why);
  std::exit(1);
}
inline void wait(Barrier& barrier, int parties) {
  const int generation = barrier.generation;
  if (++barrier.waiting == parties) {
    barrier.waiting = 0;
    ++barrier.generation;
    ++progress;
    return;
  }
  while (barrier.generation == generation) swapcontext(&current->context, &home);
}
inline void enter() {
  body();
  current->done = true;
  ++progress;
  swapcontext(&current->context, &home);
}
inline Exchange& my_warp() { return current->block->warps[current->thread.x / 32]; }
inline int my_lane() { return static_cast<int>(current->thread.x % 32); }

class Launch {
 public:
  Launch(Dim grid, Dim block, size_t shared = 0, cudaStream_t = nullptr) : grid_(grid), block_(block) {
    if (shared > kShared) stop("more shared memory than a GPU has");
  }
  template <class Kernel, class... Arguments>
  void run(const Kernel& kernel, const Arguments&... arguments) {
    grid_size = grid_;
    block_size = block_;
    body = [&] { kernel(arguments...); };
    while (fibers.size() < block_.x) fibers.push_back(std::make_unique<Fiber>());
    if (!running) running = std::make_unique<Block>();
    for (unsigned y = 0; y < grid_.y; ++y) {
      for (unsigned x = 0; x < grid_.x; ++x) run_block(x, y);
    }
  }

 private:
  void run_block(unsigned x, unsigned y) {
    running->index = Dim(x, y);
    running->barrier = {};
    for (Exchange& warp : running->warps) warp.barrier = {};
    std::memset(running->shared, 0xff, kShared);
    for (unsigned t = 0; t < block_.x; ++t) {
      Fiber& fiber = *fibers[t];
      fiber.done = false;
      fiber.thread = Dim(t, 0, 0);
      fiber.block = running.get();
      getcontext(&fiber.context);
      fiber.context.uc_stack.ss_sp = fiber.stack.data();
      fiber.context.uc_stack.ss_size = kStack;
      fiber.context.uc_link = &home;
      makecontext(&fiber.context, enter, 0);
    }
    uint64_t before = progress;
    int idle = 0;
    for (bool any = true; any;) {
      any = false;
      for (unsigned t = 0; t < block_.x; ++t) {
        if (fibers[t]->done) continue;
        any = true;
        current = fibers[t].get();
        swapcontext(&home, &current->context);
      }
      between();
      idle = progress == before ? idle + 1 : 0;
      before = progress;
      if (idle > 100) {
        std::printf("stopped: nothing goes on, waiting for %s\n", waiting_for);
        std::exit(1);
      }
    }
    if (running->barrier.waiting != 0) stop("some threads of a block missed a barrier");
  }

  Dim grid_, block_;
};

}  // namespace emulated

using std::isnan;
using std::max;
using std::min;
#define threadIdx (emulated::current->thread)
#define blockIdx (emulated::current->block->index)
#define blockDim emulated::block_size
#define gridDim emulated::grid_size

inline void __syncthreads() {
  emulated::wait(emulated::current->block->barrier, static_cast<int>(emulated::block_size.x));
}
inline void __syncwarp() { emulated::wait(emulated::my_warp().barrier, 32); }
inline int __shfl_sync(unsigned, int v, int from) {
  emulated::Exchange& warp = emulated::my_warp();
  warp.fragment[emulated::my_lane()][0] = static_cast<uint32_t>(v);
  emulated::wait(warp.barrier, 32);
  const auto other = static_cast<int>(warp.fragment[from][0]);
  emulated::wait(warp.barrier, 32);
  return other;
}
inline float __shfl_xor_sync(unsigned, float v, int offset) {
  emulated::Exchange& warp = emulated::my_warp();
  warp.value[emulated::my_lane()] = v;
  emulated::wait(warp.barrier, 32);
  const float other = warp.value[emulated::my_lane() ^ offset];
  emulated::wait(warp.barrier, 32);
  return other;
}
template <class T>
inline T __ldg(const T* p) {
  if (reinterpret_cast<uintptr_t>(p) % alignof(T) != 0) emulated::stop("a load that is not aligned");
  return *p;
}
inline unsigned __float_as_uint(float f) {
  unsigned bits;
  std::memcpy(&bits, &f, sizeof bits);
  return bits;
}
inline float __uint_as_float(unsigned bits) {
  float f;
  std::memcpy(&f, &bits, sizeof f);
  return f;
}
inline int __float2int_rn(float f) { return static_cast<int>(lrintf(f)); }
inline size_t __cvta_generic_to_shared(const void* p) {
  return static_cast<size_t>(static_cast<const uint8_t*>(p) - emulated::shared_memory());
}
inline float __fdividef(float a, float b) { return a / b; }
inline float __expf(float x) { return expf(x); }

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
