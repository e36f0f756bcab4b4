#include "cuda/cublaslt.h"

#include <dlfcn.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace umbel {
namespace {

using namespace cublaslt;

constexpr const char* kNames[] = {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11"};
constexpr const char* kFolders[] = {"", "/usr/local/cuda/lib64/", "/opt/cuda/lib64/"};

// Stays open for the life of the process: unloading a library with GPU code in it is not safe.
void* open_library(std::string* reason) {
  const char* chosen = std::getenv("UMBEL_CUBLASLT");
  if (chosen != nullptr && *chosen != '\0') {
    if (std::string(chosen) == "none") {
      *reason = "own kernels (UMBEL_CUBLASLT=none)";
      return nullptr;
    }
    void* library = dlopen(chosen, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) *reason = std::string("own kernels (") + dlerror() + ")";
    return library;
  }
  for (const char* name : kNames) {
    for (const char* folder : kFolders) {
      if (void* library = dlopen((std::string(folder) + name).c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    }
  }
  *reason = "own kernels (no libcublasLt of versions 11 to 13 was found)";
  return nullptr;
}

bool load_functions(void* library, Functions* functions) {
  bool complete = true;
#define UMBEL_LOAD(name)                                                      \
  functions->name = reinterpret_cast<decltype(functions->name)>(dlsym(library, #name)); \
  complete = complete && functions->name != nullptr;
  UMBEL_LOAD(cublasLtCreate)
  UMBEL_LOAD(cublasLtDestroy)
  UMBEL_LOAD(cublasLtGetVersion)
  UMBEL_LOAD(cublasLtMatmulDescCreate)
  UMBEL_LOAD(cublasLtMatmulDescDestroy)
  UMBEL_LOAD(cublasLtMatmulDescSetAttribute)
  UMBEL_LOAD(cublasLtMatrixLayoutCreate)
  UMBEL_LOAD(cublasLtMatrixLayoutDestroy)
  UMBEL_LOAD(cublasLtMatmulPreferenceCreate)
  UMBEL_LOAD(cublasLtMatmulPreferenceDestroy)
  UMBEL_LOAD(cublasLtMatmulPreferenceSetAttribute)
  UMBEL_LOAD(cublasLtMatmulAlgoGetHeuristic)
  UMBEL_LOAD(cublasLtMatmul)
#undef UMBEL_LOAD
  return complete;
}

struct Library {
  Functions functions{};
  bool usable = false;
  std::string description;
};

const Library& library() {
  static const Library loaded = [] {
    Library result;
    void* handle = open_library(&result.description);
    if (handle == nullptr) return result;
    if (!load_functions(handle, &result.functions)) {
      result.description = "own kernels (the library found is no cuBLASLt)";
      return result;
    }
    // 130100 is 13.1.0.
    const size_t version = result.functions.cublasLtGetVersion();
    result.usable = version >= 110000;
    result.description = "cuBLASLt " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) +
                         "." + std::to_string(version % 100);
    if (!result.usable) result.description = "own kernels (" + result.description + " is too old)";
    return result;
  }();
  return loaded;
}

int type_of(DType type) {
  return type == DType::bf16 ? kReal16BF : type == DType::f8_e4m3 ? kReal8E4M3 : kReal32F;
}

}  // namespace

std::string CublasLt::describe() { return library().description; }

std::unique_ptr<CublasLt> CublasLt::open() {
  const Library& found = library();
  Handle handle = nullptr;
  if (!found.usable || found.functions.cublasLtCreate(&handle) != kSuccess) return nullptr;
  return std::unique_ptr<CublasLt>(new CublasLt(found.functions, handle));
}

bool CublasLt::has_scales() const { return functions_.cublasLtGetVersion() >= 120900; }

CublasLt::~CublasLt() {
  for (const auto& [key, plan] : plans_) {
    if (plan.desc) functions_.cublasLtMatmulDescDestroy(plan.desc);
    for (Layout layout : {plan.w, plan.x, plan.out}) {
      if (layout) functions_.cublasLtMatrixLayoutDestroy(layout);
    }
  }
  functions_.cublasLtDestroy(handle_);
}

// cuBLASLt counts in columns: out^T [n, m] = w^T^T [n, k] x^T [k, m], so w is its transposed left operand and the bias
// runs along its rows.
CublasLt::Plan CublasLt::make_plan(const LtProduct& p) {
  Plan plan;
  const Functions& f = functions_;
  const auto m = static_cast<uint64_t>(p.m), n = static_cast<uint64_t>(p.n), k = static_cast<uint64_t>(p.k);
  bool good = f.cublasLtMatmulDescCreate(&plan.desc, kCompute32F, kReal32F) == kSuccess;
  good = good && f.cublasLtMatrixLayoutCreate(&plan.w, type_of(p.type), k, n, p.k) == kSuccess;
  good = good && f.cublasLtMatrixLayoutCreate(&plan.x, type_of(p.type), k, m, p.k) == kSuccess;
  good = good && f.cublasLtMatrixLayoutCreate(&plan.out, type_of(p.out_type), n, m, p.n) == kSuccess;
  if (!good) return plan;
  const auto set = [&](int attribute, const auto& value) {
    good = good && f.cublasLtMatmulDescSetAttribute(plan.desc, attribute, &value, sizeof value) == kSuccess;
  };
  set(kDescTransA, kTranspose);
  set(kDescTransB, kNoTranspose);
  const uint32_t epilogue = p.bias ? (p.gelu ? kEpilogueGeluBias : kEpilogueBias)
                                   : (p.gelu ? kEpilogueGelu : kEpilogueDefault);
  set(kDescEpilogue, epilogue);
  if (p.type == DType::f8_e4m3) {
    set(kDescAScaleMode, kScaleOuterVector);
    set(kDescBScaleMode, kScaleOuterVector);
    set(kDescAScalePointer, p.w_scales);
    set(kDescBScalePointer, p.x_scales);
    set(kDescFastAccumulation, int8_t{0});
  }
  if (p.bias) {
    set(kDescBiasPointer, p.bias);
    set(kDescBiasDataType, static_cast<int32_t>(type_of(p.bias_type)));
  }
  Preference preference = nullptr;
  if (!good || f.cublasLtMatmulPreferenceCreate(&preference) != kSuccess) return plan;
  const size_t workspace = kWorkspaceBytes;
  f.cublasLtMatmulPreferenceSetAttribute(preference, kPreferenceMaxWorkspaceBytes, &workspace, sizeof workspace);
  Heuristic heuristic{};
  int found = 0;
  const Status status = f.cublasLtMatmulAlgoGetHeuristic(handle_, plan.desc, plan.w, plan.x, plan.out, plan.out,
                                                         preference, 1, &heuristic, &found);
  f.cublasLtMatmulPreferenceDestroy(preference);
  plan.usable = status == kSuccess && found > 0 && heuristic.state == kSuccess;
  plan.algorithm = heuristic.algorithm;
  return plan;
}

bool CublasLt::multiply(const LtProduct& p, void* workspace, cudaStream_t stream) {
  const Key key{p.m, p.n, p.k, static_cast<int>(p.type), static_cast<int>(p.out_type), static_cast<int>(p.bias_type), p.bias != nullptr, p.gelu};
  auto found = plans_.find(key);
  if (found == plans_.end()) found = plans_.emplace(key, make_plan(p)).first;
  Plan& plan = found->second;
  if (!plan.usable) return false;
  if (p.bias) {
    functions_.cublasLtMatmulDescSetAttribute(plan.desc, kDescBiasPointer, &p.bias, sizeof p.bias);
  }
  if (p.type == DType::f8_e4m3) {
    functions_.cublasLtMatmulDescSetAttribute(plan.desc, kDescAScalePointer, &p.w_scales, sizeof p.w_scales);
    functions_.cublasLtMatmulDescSetAttribute(plan.desc, kDescBScalePointer, &p.x_scales, sizeof p.x_scales);
  }
  const float one = 1, zero = 0;
  const Status status = functions_.cublasLtMatmul(handle_, plan.desc, &one, p.w, plan.w, p.x, plan.x, &zero, p.out,
                                                  plan.out, p.out, plan.out, &plan.algorithm, workspace,
                                                  kWorkspaceBytes, stream);
  plan.usable = status == kSuccess;
  return plan.usable;
}

}  // namespace umbel
