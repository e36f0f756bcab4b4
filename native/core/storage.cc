#include "core/storage.h"

#include <cstring>

#include "core/error.h"

namespace umbel {

Storage::Storage(std::shared_ptr<MemoryPool> memory, size_t bytes, Fill fill)
    : memory_(std::move(memory)), bytes_(bytes), fill_(fill) {}

Storage::Storage(std::shared_ptr<MemoryPool> memory,
                 std::shared_ptr<const FileMapping> mapping, size_t offset, size_t bytes,
                 size_t alignment)
    : memory_(std::move(memory)),
      mapping_(std::move(mapping)),
      offset_(offset),
      bytes_(bytes) {
  mapping_->check(offset, bytes);
  in_place_ = reinterpret_cast<uintptr_t>(mapping_->data() + offset) % alignment == 0;
}

Storage::~Storage() {
  if (owned_ != nullptr) memory_->release(owned_, bytes_);
}

uint8_t* Storage::data() {
  if (failure_) throw Error(failure_->code, failure_->message);
  if (owned_ != nullptr) return owned_;
  if (mapping_) {
    mapping_->check(offset_, bytes_);
    const uint8_t* source = mapping_->data() + offset_;
    if (in_place_) return const_cast<uint8_t*>(source);
    owned_ = static_cast<uint8_t*>(memory_->allocate(bytes_));
    std::memcpy(owned_, source, bytes_);
    return owned_;
  }
  owned_ = static_cast<uint8_t*>(memory_->allocate(bytes_));
  if (fill_ == Fill::zero) std::memset(owned_, 0, bytes_);
  return owned_;
}

void Storage::add_handle() {
  memory_->live_tensors.fetch_add(1);
  if (handles_++ == 0 && !mapping_) memory_->live_bytes.fetch_add(static_cast<int64_t>(bytes_));
}

void Storage::remove_handle() {
  memory_->live_tensors.fetch_sub(1);
  if (--handles_ == 0 && !mapping_) memory_->live_bytes.fetch_sub(static_cast<int64_t>(bytes_));
}

}  // namespace umbel
