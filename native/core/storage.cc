#include "core/storage.h"

#include <cstring>

#include "core/error.h"

namespace umbel {

Storage::Storage(std::shared_ptr<Memory> memory, size_t bytes, Fill fill)
    : memory_(std::move(memory)), bytes_(bytes), fill_(fill) {}

Storage::Storage(std::shared_ptr<Memory> memory,
                 std::shared_ptr<const FileMapping> mapping, size_t offset, size_t bytes,
                 size_t alignment)
    : memory_(std::move(memory)),
      mapping_(std::move(mapping)),
      offset_(offset),
      bytes_(bytes) {
  mapping_->check(offset, bytes);
  in_place_ = memory_->on_host() &&
              reinterpret_cast<uintptr_t>(mapping_->data() + offset) % alignment == 0;
}

Storage::~Storage() {
  if (owned_ != nullptr) memory_->release(owned_, bytes_);
}

uint8_t* Storage::data() {
  if (failure_) throw Error(failure_->code, failure_->message);
  if (owned_ != nullptr) return owned_;
  if (mapping_) mapping_->check(offset_, bytes_);
  if (in_place_) return const_cast<uint8_t*>(mapping_->data() + offset_);
  auto* data = static_cast<uint8_t*>(memory_->allocate(bytes_));
  try {
    if (mapping_) {
      memory_->upload_file(data, *mapping_, offset_, bytes_);
    } else if (contents_) {
      memory_->upload(data, contents_.get(), bytes_);
    } else if (fill_ == Fill::zero) {
      memory_->fill_zero(data, bytes_);
    }
  } catch (...) {
    memory_->release(data, bytes_);
    throw;
  }
  owned_ = data;
  contents_.reset();
  return owned_;
}

void Storage::set_contents(const uint8_t* source) {
  if (bytes_ == 0) return;
  if (memory_->on_host()) {
    std::memcpy(data(), source, bytes_);
    return;
  }
  contents_ = std::make_unique_for_overwrite<uint8_t[]>(bytes_);
  std::memcpy(contents_.get(), source, bytes_);
}

void Storage::add_handle() {
  memory_->live_tensors.fetch_add(1);
  if (handles_++ == 0 && takes_memory()) memory_->live_bytes.fetch_add(static_cast<int64_t>(bytes_));
}

void Storage::remove_handle() {
  memory_->live_tensors.fetch_sub(1);
  if (--handles_ == 0 && takes_memory()) memory_->live_bytes.fetch_sub(static_cast<int64_t>(bytes_));
}

}  // namespace umbel
