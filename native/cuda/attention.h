#pragma once
// Attention of the CUDA backend behind an interface without tensors: softmax(scale q k^T + bias) v over all keys or
// over the blocks of a CSR list. Kernels: sm90/attention.cu (Hopper), portable/attention_mma.cu and
// portable/attention_wide.cu (tensor cores of sm_80 and later), portable/attention_generic.cu (any width and type).
//
// Rows that see no key become zeros with a log-sum-exp of -inf. Keys from valid_keys on are never read.
#include <cuda_runtime_api.h>

#include <cstdint>

namespace umbel::cuda {

enum class AttentionElement { f32, f16, bf16 };

// In elements; the channels of a head lie side by side.
struct AttentionStrides {
  int64_t batch, token, head;
};

struct AttentionArguments {
  const void *q, *k, *v;  // [batch, tokens, heads, head_dim] of `element`, on the device
  void* out;              // the same shape as q, of `out_element`: `element` or f32 (generic: any)
  float* lse;             // log-sum-exp [batch, heads, queries], natural logarithm, or null
  AttentionElement element, out_element;
  AttentionStrides q_strides, k_strides, v_strides, out_strides;
  int batch, heads, queries, keys, valid_keys, head_dim;
  float scale;

  const float* bias;                          // added to the scaled scores, or null; keys side by side
  int64_t bias_head_stride, bias_row_stride;  // 0: the same for all heads or rows; may be negative

  // Block-sparse: blocks of keys that a block of queries sees, row_ptr [groups, rows + 1] and col [groups, entries]
  // with groups 1 or heads. block 0: dense.
  const int32_t *row_ptr, *col;
  int groups, block;
  int64_t entries;
};

enum class AttentionPath { generic, portable, sm90 };

struct AttentionChoice {
  AttentionPath path;
  const char* reason;  // why no faster path: one clause, empty when there is none
};

const char* attention_path_name(AttentionPath path);

// The reason why a path cannot do this work on a device of that compute capability (10 * major + minor), or null.
const char* attention_obstacle(const AttentionArguments& a, AttentionPath path, int compute_capability);
// The fastest path that can; UMBEL_ATTENTION=portable leaves the Hopper kernels out.
AttentionChoice choose_attention(const AttentionArguments& a, int compute_capability);

// Enqueues the work; cudaErrorNotSupported where attention_obstacle gives a reason.
cudaError_t attention(const AttentionArguments& a, AttentionPath path, cudaStream_t stream);

// A path's launcher, for arguments that attention_obstacle lets pass; null in a build without that path's kernels.
using AttentionLaunch = cudaError_t (*)(const AttentionArguments& a, cudaStream_t stream);
// Called by the kernel files at load time, since a build may leave out some.
int register_attention(AttentionPath path, AttentionLaunch launch);

}  // namespace umbel::cuda
