#include "core/cpu_executor.h"

#include <cstring>
#include <deque>
#include <string>
#include <tuple>
#include <type_traits>

#include "core/fail.h"
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

void make_contiguous(Tensor& tensor) {
  int64_t stride = 1;
  for (int i = tensor.rank - 1; i >= 0; --i) {
    tensor.stride[static_cast<size_t>(i)] = stride;
    stride *= tensor.shape[static_cast<size_t>(i)];
  }
}

// Arguments of one call on their way to the kernel. Tensors are kept in deques, whose elements stay where they are.
class Frame {
 public:
  Frame(const OpCall& call, CpuOpContext& context) : call_(call), context_(context) {}

  template <class Code>
  typename Code::type take() {
    if constexpr (std::is_same_v<Code, arg::T>) {
      return plain(next_input());
    } else if constexpr (std::is_same_v<Code, arg::N>) {
      const View* view = next_input();
      return view == nullptr ? nullptr : &plain(view);
    } else if constexpr (std::is_same_v<Code, arg::W>) {
      return packed(*next_input());
    } else if constexpr (std::is_same_v<Code, arg::M>) {
      const View* view = next_input();
      return view == nullptr ? nullptr : &packed(*view);
    } else if constexpr (std::is_same_v<Code, arg::X>) {
      return keep(next_input()->resolve());
    } else if constexpr (std::is_same_v<Code, arg::V>) {
      auto& list = lists_.emplace_back();
      for (const View& view : call_.inputs[input_++].views) list.push_back(packed(view));
      return {list.data(), list.size()};
    } else if constexpr (std::is_same_v<Code, arg::O>) {
      return widened(*call_.outputs[output_++]);
    } else if constexpr (std::is_same_v<Code, arg::R>) {
      return keep(call_.outputs[output_++]->resolve());
    } else if constexpr (std::is_same_v<Code, arg::P>) {
      const auto& view = call_.outputs[output_++];
      return view ? &widened(*view) : nullptr;
    } else if constexpr (std::is_same_v<Code, arg::F>) {
      return call_.attributes[attribute_++].number;
    } else if constexpr (std::is_same_v<Code, arg::I>) {
      return static_cast<int64_t>(call_.attributes[attribute_++].number);
    } else if constexpr (std::is_same_v<Code, arg::B>) {
      return call_.attributes[attribute_++].flag;
    } else {
      static_assert(std::is_same_v<Code, arg::L>);
      const auto& list = call_.attributes[attribute_++].list;
      return {list.data(), list.size()};
    }
  }

  // After the kernel: outputs that were computed in float32 for another type.
  void store() {
    for (const auto& [computed, wanted] : narrowed_) convert_on_cpu(*computed, wanted, context_);
  }

 private:
  const View* next_input() {
    const Input& input = call_.inputs[input_++];
    return input.kind == Input::Kind::none ? nullptr : &input.views.front();
  }

  const Tensor& keep(const Tensor& tensor) { return tensors_.emplace_back(tensor); }

  const Tensor& temporary(const Tensor& like, DType dtype) {
    Tensor tensor = like;
    tensor.dtype = dtype;
    make_contiguous(tensor);
    tensor.data = context_.scratch(tensor.bytes());
    return keep(tensor);
  }

  // Contiguous, same type.
  const Tensor& packed(const View& view) {
    const Tensor tensor = view.resolve();
    if (tensor.contiguous()) return keep(tensor);
    const Tensor& copy = temporary(tensor, tensor.dtype);
    convert_on_cpu(tensor, copy, context_);
    return copy;
  }

  // Contiguous, float32 or an integer type.
  const Tensor& plain(const View* view) {
    const Tensor tensor = view->resolve();
    if (!is_float(tensor.dtype) || tensor.dtype == DType::f32) return packed(*view);
    const Tensor& wide = temporary(tensor, DType::f32);
    convert_on_cpu(tensor, wide, context_);
    return wide;
  }

  const Tensor& widened(const View& view) {
    const Tensor tensor = view.resolve();
    if (!is_float(tensor.dtype) || tensor.dtype == DType::f32) return keep(tensor);
    const Tensor& wide = temporary(tensor, DType::f32);
    narrowed_.emplace_back(&wide, tensor);
    return wide;
  }

  const OpCall& call_;
  CpuOpContext& context_;
  size_t input_ = 0, attribute_ = 0, output_ = 0;
  std::deque<Tensor> tensors_;
  std::deque<std::vector<Tensor>> lists_;
  std::vector<std::pair<const Tensor*, Tensor>> narrowed_;
};

template <class Signature, class... Codes>
void invoke(ErasedKernel kernel, const OpCall& call, CpuOpContext& context) {
  Frame frame(call, context);
  // Braces: arguments are taken from left to right.
  std::tuple<typename Codes::type...> arguments{frame.take<Codes>()...};
  std::apply(
      [&](auto&&... values) { reinterpret_cast<Signature>(kernel)(context, values...); },
      arguments);
  frame.store();
}

using Invoke = void (*)(ErasedKernel, const OpCall&, CpuOpContext&);

namespace codes {
using namespace arg;
constexpr Invoke kInvoke[] = {
#define OP(name, ...) &invoke<Kernels<CpuContext>::name, __VA_ARGS__>,
#include "include/ops.h"
#undef OP
};
}  // namespace codes

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
  codes::kInvoke[static_cast<size_t>(call.op)](kernel, call, context);
}

}  // namespace umbel
