#pragma once
// Brings the arguments of a queued op to the form that its codes promise the kernel (include/ops.h) and calls the kernel.
#include <deque>
#include <tuple>
#include <type_traits>
#include <vector>

#include "core/op_call.h"

namespace umbel {

// What a backend does for the ops it runs.
class OpBackend {
 public:
  // Memory that lives until the op is done.
  virtual void* scratch(size_t bytes) = 0;
  // Writes `source` to `target` in the target's type: same shape, target contiguous.
  virtual void convert(const Tensor& source, const Tensor& target) = 0;
  // Whether kernels take this type for T, N, O and P; others are converted from and to float32.
  virtual bool plain(DType type) const = 0;

 protected:
  ~OpBackend() = default;
};

inline void make_contiguous(Tensor& tensor) {
  int64_t stride = 1;
  for (int i = tensor.rank - 1; i >= 0; --i) {
    tensor.stride[static_cast<size_t>(i)] = stride;
    stride *= tensor.shape[static_cast<size_t>(i)];
  }
}

// Arguments of one call on their way to the kernel. Tensors are kept in deques, whose elements stay where they are.
class OpFrame {
 public:
  OpFrame(const OpCall& call, OpBackend& backend) : call_(call), backend_(backend) {}

  template <class Code>
  typename Code::type take() {
    if constexpr (std::is_same_v<Code, arg::T>) {
      return plain(next_input());
    } else if constexpr (std::is_same_v<Code, arg::N>) {
      const View* view = next_input();
      return view == nullptr ? nullptr : &plain(view);
    } else if constexpr (std::is_same_v<Code, arg::S>) {
      const View* view = next_input();
      return view == nullptr ? nullptr : &strided(view);
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
    for (const auto& [computed, wanted] : narrowed_) backend_.convert(*computed, wanted);
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
    tensor.data = backend_.scratch(tensor.bytes());
    return keep(tensor);
  }

  // Contiguous, same type.
  const Tensor& packed(const View& view) {
    const Tensor tensor = view.resolve();
    if (tensor.contiguous()) return keep(tensor);
    const Tensor& copy = temporary(tensor, tensor.dtype);
    backend_.convert(tensor, copy);
    return copy;
  }

  // Contiguous, of a type that kernels take.
  const Tensor& plain(const View* view) {
    const Tensor tensor = view->resolve();
    if (backend_.plain(tensor.dtype)) return packed(*view);
    const Tensor& wide = temporary(tensor, DType::f32);
    backend_.convert(tensor, wide);
    return wide;
  }

  // As it lies where its last axis is contiguous and kernels read its type without a conversion of their own.
  const Tensor& strided(const View* view) {
    const Tensor tensor = view->resolve();
    const bool rows = tensor.rank > 0 && tensor.stride[static_cast<size_t>(tensor.rank - 1)] == 1;
    return tensor.dtype == DType::f32 && rows ? keep(tensor) : plain(view);
  }

  const Tensor& widened(const View& view) {
    const Tensor tensor = view.resolve();
    if (backend_.plain(tensor.dtype)) return keep(tensor);
    const Tensor& wide = temporary(tensor, DType::f32);
    narrowed_.emplace_back(&wide, tensor);
    return wide;
  }

  const OpCall& call_;
  OpBackend& backend_;
  size_t input_ = 0, attribute_ = 0, output_ = 0;
  std::deque<Tensor> tensors_;
  std::deque<std::vector<Tensor>> lists_;
  std::vector<std::pair<const Tensor*, Tensor>> narrowed_;
};

template <class Context, class Signature, class... Codes>
void invoke_kernel(ErasedKernel kernel, const OpCall& call, Context& context, OpBackend& backend) {
  OpFrame frame(call, backend);
  // Braces: arguments are taken from left to right.
  std::tuple<typename Codes::type...> arguments{frame.take<Codes>()...};
  std::apply(
      [&](auto&&... values) { reinterpret_cast<Signature>(kernel)(context, values...); },
      arguments);
  frame.store();
}

namespace codes {
using namespace arg;
// The call of each op, in the order of include/ops.h.
template <class Context>
struct Invoke {
  using Function = void (*)(ErasedKernel, const OpCall&, Context&, OpBackend&);
  static constexpr Function kTable[] = {
#define OP(name, ...) &invoke_kernel<Context, typename Kernels<Context>::name, __VA_ARGS__>,
#include "include/ops.h"
#undef OP
  };
};
}  // namespace codes

}  // namespace umbel
