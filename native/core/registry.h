#pragma once
#include <string_view>

#include "core/kernel.h"

namespace umbel {

// Instruction-set levels of CPU kernels. x86-64: 0 baseline, 1 AVX2 + FMA + F16C, 2 AVX-512 F/BW/DQ/VL, 3 with BF16 on
// top. arm64: 0 baseline, 1 NEON.
constexpr int kIsaLevels = 4;

// Highest level that this machine runs.
int machine_isa_level();
// "scalar", "avx2" (or "neon"), "avx512", "avx512_bf16"; ERR_INVALID_ARGUMENT for another name.
int isa_level_from_name(std::string_view name);
const char* isa_name(int level);

struct Kernel {
  ErasedKernel function = nullptr;
  int isa_level = -1;
};

// The kernel of the highest level up to `isa_level`; function is null when there is none.
Kernel find_kernel(Backend backend, Op op, int isa_level);

}  // namespace umbel
