#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "core/file_mapping.h"
#include "core/memory.h"
#include "core/tensor.h"

namespace umbel {

// Why an op did not produce its outputs.
struct Failure {
  std::string code;
  std::string message;
};
using FailurePtr = std::shared_ptr<const Failure>;

// The bytes behind one or more views, shared by JS handles and queued ops and freed with the last of them. Memory is
// taken on the first call of data(), which the worker thread makes immediately before the op that needs it: peak memory
// follows the in-order execution and not how far JavaScript runs ahead.
class Storage {
 public:
  enum class Fill { none, zero };
  Storage(std::shared_ptr<Memory> memory, size_t bytes, Fill fill = Fill::none);
  // A range of a mapped file. In host memory it is read in place, or copied on first use when it is not aligned to
  // `alignment` bytes; to other memory it is copied on first use.
  Storage(std::shared_ptr<Memory> memory, std::shared_ptr<const FileMapping> mapping,
          size_t offset, size_t bytes, size_t alignment);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  size_t bytes() const { return bytes_; }
  const Memory& memory() const { return *memory_; }
  bool mapped() const { return mapping_ != nullptr; }
  // Sets what a new storage holds: at once in host memory, else from a copy that is kept until data() is called.
  void set_contents(const uint8_t* source);
  // ERR_OUT_OF_MEMORY; ERR_FILE when the mapped file shrank; the failure of the op that should have written it.
  uint8_t* data();
  // Marks contents that were never computed; whoever reads them gets the failure. Worker thread only.
  void poison(FailurePtr failure) {
    failure_ = std::move(failure);
    failed_.store(true, std::memory_order_release);
  }
  // Whether poison() was called; any thread.
  bool failed() const { return failed_.load(std::memory_order_acquire); }

  // Handles of JavaScript, on its thread only; they make up Memory::live_*. What is mapped is the system's memory as long
  // as it stays on the host; elsewhere it is a copy, and counts.
  void add_handle();
  void remove_handle();

 private:
  bool takes_memory() const { return !mapping_ || !memory_->on_host(); }

  std::shared_ptr<Memory> memory_;
  std::shared_ptr<const FileMapping> mapping_;
  size_t offset_ = 0;
  size_t bytes_ = 0;
  bool in_place_ = false;
  Fill fill_ = Fill::none;
  uint8_t* owned_ = nullptr;
  std::unique_ptr<uint8_t[]> contents_;  // on their way to the device
  FailurePtr failure_;
  std::atomic<bool> failed_{false};
  int handles_ = 0;
};

// A tensor as the queue holds it: shape and strides, with a share of its storage.
struct View {
  std::shared_ptr<Storage> storage;
  Tensor layout;       // data is null
  int64_t offset = 0;  // elements

  Tensor resolve() const {
    Tensor tensor = layout;
    tensor.data = storage->data() + static_cast<size_t>(offset) * dtype_size(layout.dtype);
    return tensor;
  }
};

}  // namespace umbel
