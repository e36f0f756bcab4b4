#include "cuda/conv3d.h"

namespace umbel::cuda {
namespace {

// Constant-initialised, so that it exists before the kernel file registers.
ConvLaunch hopper = nullptr;

bool is_aligned(const void* data) { return reinterpret_cast<uintptr_t>(data) % 16 == 0; }
bool readable(const Tensor* x) {
  return x == nullptr || ((x->dtype == DType::f32 || x->dtype == DType::bf16) && is_aligned(x->data));
}

}  // namespace

int register_conv3d_sm90(ConvLaunch launch) {
  hopper = launch;
  return 0;
}

const char* conv3d_sm90_obstacle(const ConvArguments& a, int compute_capability) {
  const ConvGeometry& g = a.g;
  if (hopper == nullptr) return "this build has no Hopper kernels";
  if (compute_capability / 10 != 9) return "the GPU is not a Hopper";
  if (g.channels % 32 != 0) return "the input channels are no multiple of 32";
  if (g.kernel_h > 3 || g.kernel_w > 3) return "the kernel is wider than 3";
  if (g.stride_h != 1 || g.stride_w != 1) return "there are strides along H or W";
  if (g.x_frames == 0) return "there are no frames besides those before";
  if (g.out_channels > 8 && g.out_channels % 8 != 0) return "the output channels are no multiple of 8";
  if (!readable(a.bias) || !readable(a.residual) || !readable(&a.out)) return "bias, residual or output are not aligned";
  if (!is_aligned(a.x) || !is_aligned(a.before) || !is_aligned(a.older) || !is_aligned(a.weight)) return "a tensor is not aligned to 16 bytes";
  return nullptr;
}

cudaError_t conv3d_sm90(const ConvArguments& a, int multiprocessors, cudaStream_t stream) {
  return hopper ? hopper(a, multiprocessors, stream) : cudaErrorNotSupported;
}

}  // namespace umbel::cuda
