#include "core/cpu_executor.h"

#include <cstring>
#include <string>

#include "core/fail.h"
#include "core/op_frame.h"
#include "core/registry.h"

namespace umbel {

CpuOpContext::~CpuOpContext() {
  for (const Block& block : blocks_) resources_.memory->release(block.data, block.bytes);
}

void* CpuOpContext::scratch(size_t bytes) {
  blocks_.reserve(blocks_.size() + 1);
  blocks_.push_back({resources_.memory->allocate(bytes), bytes});
  return blocks_.back().data;
}

namespace {

ErasedKernel kernel_of(Op op, int isa_level) {
  const Kernel kernel = find_kernel(Backend::cpu, op, isa_level);
  if (kernel.function == nullptr) {
    fail("ERR_NO_KERNEL", "Expected a CPU kernel for %s, got none in this build.",
         std::string(op_name(op)).c_str());
  }
  return kernel.function;
}

// What the frame of an op needs, on the CPU.
class CpuBackend final : public OpBackend {
 public:
  explicit CpuBackend(CpuOpContext& context) : context_(context) {}
  void* scratch(size_t bytes) override { return context_.scratch(bytes); }
  void convert(const Tensor& source, const Tensor& target) override {
    convert_on_cpu(source, target, context_);
  }
  bool plain(DType type) const override { return !is_float(type) || type == DType::f32; }

 private:
  CpuOpContext& context_;
};

}  // namespace

void convert_on_cpu(const Tensor& source, const Tensor& target, CpuOpContext& context) {
  if (source.numel() == 0) return;
  if (source.dtype == target.dtype) {
    if (source.contiguous()) {
      std::memcpy(target.data, source.data, source.bytes());
      return;
    }
    const auto copy = reinterpret_cast<arg::Kernels<CpuContext>::copy>(
        kernel_of(Op::copy, context.isa_level()));
    copy(context, source, target);
    return;
  }
  const auto cast = reinterpret_cast<arg::Kernels<CpuContext>::cast>(
      kernel_of(Op::cast, context.isa_level()));
  cast(context, source, target);
}

void run_on_cpu(const OpCall& call, CpuOpContext& context) {
  const ErasedKernel kernel = kernel_of(call.op, context.isa_level());
  CpuBackend backend(context);
  codes::Invoke<CpuContext>::kTable[static_cast<size_t>(call.op)](kernel, call, context, backend);
}

}  // namespace umbel
