#pragma once
// Moves registers between warpgroups (PTX ISA, setmaxnreg), sm_90a. All warps of a warpgroup execute the same one; the
// kernel needs __launch_bounds__(threads, 1).

namespace umbel::ptx {

template <int registers>
__device__ __forceinline__ void release_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(registers));
}
template <int registers>
__device__ __forceinline__ void claim_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(registers));
}

}  // namespace umbel::ptx
