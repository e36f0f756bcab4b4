#include "cuda/attention.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace umbel::cuda {
namespace {

constexpr int kWidestHead = 512;

// The copy engine and 16-byte copies need this of addresses and, in bytes, of strides.
constexpr int64_t kAlignment = 16;

// Constant-initialised, so that it exists before any kernel file registers.
AttentionLaunch launches[3] = {};

bool aligned(const void* data, const AttentionStrides& s, AttentionElement element) {
  const int64_t size = element == AttentionElement::f32 ? 4 : 2;
  const auto whole = [size](int64_t elements) { return elements * size % kAlignment == 0; };
  return reinterpret_cast<uintptr_t>(data) % kAlignment == 0 && whole(s.batch) && whole(s.token) && whole(s.head);
}

// Of the GPUs since 8.0 these give a block 163 KiB or more (CUDA programming guide, technical specifications by compute
// capability), the others 99.
bool has_wide_shared_memory(int compute_capability) {
  const int family = compute_capability / 10;
  return compute_capability == 80 || compute_capability == 87 || (family >= 9 && family <= 11);
}

// Whether UMBEL_ATTENTION names this path.
bool is_forced(AttentionPath path) {
  const char* name = std::getenv("UMBEL_ATTENTION");
  return name != nullptr && std::strcmp(name, attention_path_name(path)) == 0;
}

}  // namespace

const char* attention_path_name(AttentionPath path) {
  switch (path) {
    case AttentionPath::sm90:
      return "sm90";
    case AttentionPath::portable:
      return "portable";
    default:
      return "generic";
  }
}

int register_attention(AttentionPath path, AttentionLaunch launch) {
  launches[static_cast<int>(path)] = launch;
  return 0;
}

const char* attention_obstacle(const AttentionArguments& a, AttentionPath path, int compute_capability) {
  if (!launches[static_cast<int>(path)]) return "this build has no such kernels";
  if (a.block != 0 && a.block != 64 && a.block != 128) return "blocks are of 64 or 128 tokens";
  if (path == AttentionPath::generic) return a.head_dim > kWidestHead ? "heads are at most 512 wide" : nullptr;
  if (a.keys == 0) return "there are no keys";
  if (compute_capability < 80) return "the GPU is older than compute capability 8.0";
  if (a.element == AttentionElement::f32) return "float32 is computed in float32";
  const bool wide = a.head_dim == 256 || a.head_dim == 384 || a.head_dim == 512;
  if (wide) {
    if (path == AttentionPath::sm90) return "the head width is not 64 or 128";
    if (a.element != AttentionElement::bf16 || a.block != 0 || a.bias) return "wide heads are dense, bfloat16, without bias";
    if (!has_wide_shared_memory(compute_capability)) return "wide heads need more shared memory than a block has";
  } else if (a.head_dim != 64 && a.head_dim != 128) {
    return "the head width is not 64, 128, 256, 384 or 512";
  }
  if (!(a.scale > 0.0f)) return "the scale is not positive";
  if (!aligned(a.q, a.q_strides, a.element) || !aligned(a.k, a.k_strides, a.element) ||
      !aligned(a.v, a.v_strides, a.element) || !aligned(a.out, a.out_strides, a.out_element)) {
    return "rows are not aligned to 16 bytes";
  }
  if (a.bias && a.block) return "a bias goes with dense attention";
  if (path == AttentionPath::portable) return nullptr;
  if (compute_capability / 10 != 9) return "the GPU is not a Hopper";
  if (a.bias) return "a bias is added by the portable kernel";
  return nullptr;
}

AttentionChoice choose_attention(const AttentionArguments& a, int compute_capability) {
  const char* hopper = is_forced(AttentionPath::portable)
                           ? "UMBEL_ATTENTION asks for the portable kernel"
                           : attention_obstacle(a, AttentionPath::sm90, compute_capability);
  if (!hopper) return {AttentionPath::sm90, ""};
  const char* portable = attention_obstacle(a, AttentionPath::portable, compute_capability);
  if (!portable) return {AttentionPath::portable, hopper};
  return {AttentionPath::generic, portable};
}

cudaError_t attention(const AttentionArguments& a, AttentionPath path, cudaStream_t stream) {
  if (a.batch == 0 || a.heads == 0 || a.queries == 0 || a.head_dim == 0) return cudaSuccess;
  const AttentionLaunch launch = launches[static_cast<int>(path)];
  return launch ? launch(a, stream) : cudaErrorNotSupported;
}

}  // namespace umbel::cuda
