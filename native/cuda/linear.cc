#include "cuda/linear.h"

#include <cstdlib>
#include <cstring>

namespace umbel::cuda {
namespace {

// Constant-initialised, so that it exists before the kernel file registers.
LinearLaunch hopper_launch = nullptr;

// cuBLASLt's heuristics take the first of these for granted; the copy engine needs the second.
constexpr uintptr_t kLibraryAlignment = 256, kAlignment = 16;

bool aligned(const void* data, uintptr_t bytes) { return reinterpret_cast<uintptr_t>(data) % bytes == 0; }
bool readable(const LinearOperand& o) {
  return o.data == nullptr || ((o.type == DType::f32 || o.type == DType::bf16) && aligned(o.data, kAlignment));
}

const char* library_obstacle(const LinearArguments& a, const LinearDevice& device) {
  if (!device.cublaslt) return "cuBLASLt was not found";
  const bool scaled = a.type == DType::f8_e4m3;
  if (scaled && !device.scaled_cublaslt) return "this cuBLASLt has no float8 with scales for rows and columns";
  if (a.k % (scaled ? 16 : 8) != 0 || a.n % 8 != 0) return "rows are not aligned to 16 bytes";
  if (!aligned(a.x, kLibraryAlignment) || !aligned(a.w, kLibraryAlignment) || !aligned(a.out, kLibraryAlignment)) {
    return "tensors are not aligned to 256 bytes";
  }
  return nullptr;
}

const char* hopper_obstacle(const LinearArguments& a, const LinearDevice& device) {
  if (hopper_launch == nullptr) return "this build has no Hopper kernels";
  if (device.capability / 10 != 9) return "the GPU is not a Hopper";
  if (a.k * static_cast<int64_t>(dtype_size(a.type)) % 16 != 0 || a.n % 8 != 0 || !aligned(a.x, kAlignment) ||
      !aligned(a.w, kAlignment) || !aligned(a.out, kAlignment)) {
    return "rows are not aligned to 16 bytes";
  }
  if (!readable(a.bias) || !readable(a.residual) || !readable(a.gate)) return "an operand is not aligned to 16 bytes";
  if (a.m > INT32_MAX - 256 || a.n > INT32_MAX - 256 || a.k > INT32_MAX - 256) return "a size is beyond 2^31";
  return nullptr;
}

// The path that UMBEL_LINEAR names, or -1.
int forced_path() {
  const char* name = std::getenv("UMBEL_LINEAR");
  for (int i = 0; name != nullptr && i <= static_cast<int>(LinearPath::sm90); ++i) {
    if (std::strcmp(name, linear_path_name(static_cast<LinearPath>(i))) == 0) return i;
  }
  return -1;
}

}  // namespace

const char* linear_path_name(LinearPath path) {
  switch (path) {
    case LinearPath::sm90:
      return "sm90";
    case LinearPath::cublaslt:
      return "cublaslt";
    default:
      return "portable";
  }
}

int register_linear_sm90(LinearLaunch launch) {
  hopper_launch = launch;
  return 0;
}

const char* linear_obstacle(const LinearArguments& a, LinearPath path, const LinearDevice& device) {
  if (path == LinearPath::portable) return nullptr;
  if (a.k == 0) return "there is nothing to add up";
  return path == LinearPath::sm90 ? hopper_obstacle(a, device) : library_obstacle(a, device);
}

bool needs_pass_behind_cublaslt(const LinearArguments& a) {
  return a.residual.data != nullptr || a.activation > 1 || rounds_bias_in_cublaslt(a);
}

bool rounds_bias_in_cublaslt(const LinearArguments& a) {
  return a.bias.data != nullptr && a.bias.type == DType::f32 && (a.residual.data != nullptr || a.out_type != DType::f32);
}

LinearChoice choose_linear(const LinearArguments& a, const LinearDevice& device) {
  static const int forced = forced_path();
  if (forced >= 0 && !linear_obstacle(a, static_cast<LinearPath>(forced), device)) {
    return {static_cast<LinearPath>(forced), "UMBEL_LINEAR asks for it"};
  }
  const char* own = linear_obstacle(a, LinearPath::sm90, device);
  const char* library = linear_obstacle(a, LinearPath::cublaslt, device);
  // On an H200 cuBLASLt and a pass for the residual take 0.79 to 0.95 of the time of the own kernel; a pass for anything
  // else makes it slower, and would see sums that were rounded.
  if (!own && !library && !a.residual.data && needs_pass_behind_cublaslt(a)) {
    return {LinearPath::sm90, "cuBLASLt would need a second pass over the result"};
  }
  // Float8 with few rows, or with a short sum and a residual: the own kernel takes 0.81 and 0.79 of the time there (512 x
  // 5,120 x 5,120; 32,760 x 1,536 x 1,536).
  const bool quick = a.type == DType::f8_e4m3 && (a.m <= 512 || (a.residual.data && a.k <= 1536));
  if (!own && !library && quick) return {LinearPath::sm90, "cuBLASLt is slower for sizes like these"};
  if (!library) return {LinearPath::cublaslt, own ? own : ""};
  if (!own) return {LinearPath::sm90, library};
  return {LinearPath::portable, library};
}

std::string describe_linear(int capability, const std::string& library) {
  if (hopper_launch == nullptr || capability / 10 != 9) return library;
  const bool own = library.starts_with("own");
  return library + (own ? ", for Hopper" : "; activations that it lacks by own kernels for Hopper");
}

cudaError_t linear_sm90(const LinearArguments& a, const LinearTuning& tuning, int multiprocessors, cudaStream_t stream) {
  if (a.m == 0 || a.n == 0) return cudaSuccess;
  return hopper_launch ? hopper_launch(a, tuning, multiprocessors, stream) : cudaErrorNotSupported;
}

}  // namespace umbel::cuda
