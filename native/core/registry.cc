#include "core/registry.h"

#include <algorithm>
#include <string>

#include "core/fail.h"

namespace umbel {
namespace {

// Zero-initialised before any registration runs and never destroyed.
ErasedKernel table[static_cast<size_t>(Backend::count)][static_cast<size_t>(Op::count)][kIsaLevels];

#if defined(__aarch64__)
constexpr const char* kIsaNames[kIsaLevels] = {"scalar", "neon", "neon", "neon"};
#else
constexpr const char* kIsaNames[kIsaLevels] = {"scalar", "avx2", "avx512", "avx512_bf16"};
#endif

}  // namespace

int register_kernel(Backend backend, Op op, int isa_level, ErasedKernel kernel) {
  table[static_cast<size_t>(backend)][static_cast<size_t>(op)][isa_level] = kernel;
  return isa_level;
}

int machine_isa_level() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
      !__builtin_cpu_supports("f16c")) {
    return 0;
  }
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl")) {
    return 1;
  }
  return __builtin_cpu_supports("avx512bf16") ? 3 : 2;
#elif defined(__aarch64__)
  return 1;
#else
  return 0;
#endif
}

int isa_level_from_name(std::string_view name) {
  for (int level = 0; level < kIsaLevels; ++level) {
    if (name == kIsaNames[level]) return level;
  }
  fail("ERR_INVALID_ARGUMENT",
       "Expected the instruction set to be scalar, avx2, avx512, avx512_bf16 or neon, got %s. "
       "Correct UMBEL_ISA.",
       std::string(name).c_str());
}

const char* isa_name(int level) { return kIsaNames[level]; }

Kernel find_kernel(Backend backend, Op op, int isa_level) {
  const auto& levels = table[static_cast<size_t>(backend)][static_cast<size_t>(op)];
  for (int level = std::min(isa_level, kIsaLevels - 1); level >= 0; --level) {
    if (levels[level] != nullptr) return {levels[level], level};
  }
  return {};
}

}  // namespace umbel
