#pragma once
#include <functional>
#include <memory>
#include <string>

#include "core/op_call.h"
#include "core/storage.h"

namespace umbel {

// Where ops run: an in-order queue on a worker thread. All methods are for one thread (that of JavaScript) and return at
// once.
class Device {
 public:
  using Settled = std::function<void(const FailurePtr&)>;  // called on the worker thread

  virtual ~Device() = default;
  virtual const std::shared_ptr<Memory>& memory() const = 0;
  // Memory of the host that transfers read and write at full speed.
  virtual const std::shared_ptr<Memory>& host_memory() const = 0;
  // Host threads that an op may use.
  virtual int threads() const = 0;
  // Names the kernels that are used: an instruction set, or a GPU's.
  virtual std::string kernels() const = 0;

  // ERR_INVALID_ARGUMENT or ERR_NO_KERNEL at once; what goes wrong later is for the next fence.
  virtual void run(OpCall call) = 0;
  // Copies the bytes of `source` to `target`, both contiguous and of one size, one of them in host_memory(). To the device
  // it runs beside the ops that follow; those that use `target` wait for it, and it waits for those before it.
  virtual void transfer(View source, View target) = 0;
  virtual void sync(Settled settled) = 0;
  // Converts to `dtype` and writes to `target` on the host, which must stay valid until settled is called.
  virtual void read(View view, DType dtype, void* target, Settled settled) = 0;
  virtual void interrupt() noexcept = 0;
  virtual void close() noexcept = 0;
};

}  // namespace umbel
