#pragma once
// Clusters of thread blocks that share what the copy engine reads (PTX ISA, barrier.cluster, mapa), sm_90. Shared memory of
// all blocks of a cluster is laid out alike, so an address of one's own names the same place in another.
#include <cstdint>

namespace umbel::ptx {

__device__ __forceinline__ uint32_t cluster_rank() {
  uint32_t rank;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}

// All threads of all blocks of the cluster.
__device__ __forceinline__ void cluster_sync() {
  asm volatile("barrier.cluster.arrive.release.aligned;\n\tbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}

// Arrives at the barrier of block `rank` that lies where `barrier` lies in this one. Says only that reads are done: a
// release to the whole cluster waits for all writes to memory of the warp, which cost pairs of blocks a fifth.
__device__ __forceinline__ void mbarrier_arrive_at(uint32_t barrier, uint32_t rank) {
  asm volatile(
      "{\n\t.reg .b32 there;\n\t"
      "mapa.shared::cluster.u32 there, %0, %1;\n\t"
      "mbarrier.arrive.shared::cluster.b64 _, [there];\n\t}" ::"r"(barrier),
      "r"(rank)
      : "memory");
}

}  // namespace umbel::ptx
