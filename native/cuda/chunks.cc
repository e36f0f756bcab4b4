#include "cuda/chunks.h"

#include <cuda_runtime_api.h>

#include <algorithm>

#include "cuda/context.h"

namespace umbel {
namespace {

// The unit in which the driver maps memory.
constexpr size_t kChunk = size_t{2} << 20;
// Addresses a chunk: pieces that were moved leave holes, which only requests that fit use again.
constexpr size_t kAddresses = 16;

size_t chunks_of(int64_t bytes) { return static_cast<size_t>(std::max<int64_t>(bytes, 0)) / kChunk + 1; }

struct Driver {
  decltype(&cuMemAddressReserve) reserve = nullptr;
  decltype(&cuMemAddressFree) free_addresses = nullptr;
  decltype(&cuMemCreate) create = nullptr;
  decltype(&cuMemRelease) release = nullptr;
  decltype(&cuMemMap) map = nullptr;
  decltype(&cuMemUnmap) unmap = nullptr;
  decltype(&cuMemSetAccess) set_access = nullptr;
  decltype(&cuDeviceGetAttribute) attribute = nullptr;
  bool complete = false;

  Driver() {
    complete = find("cuMemAddressReserve", reserve) && find("cuMemAddressFree", free_addresses) &&
               find("cuMemCreate", create) && find("cuMemRelease", release) && find("cuMemMap", map) &&
               find("cuMemUnmap", unmap) && find("cuMemSetAccess", set_access) &&
               find("cuDeviceGetAttribute", attribute);
    cudaGetLastError();
  }

 private:
  template <class Function>
  static bool find(const char* name, Function& function) {
    void* entry = nullptr;
    cudaDriverEntryPointQueryResult found{};
    if (cudaGetDriverEntryPointByVersion(name, &entry, 12000, cudaEnableDefault, &found) != cudaSuccess ||
        found != cudaDriverEntryPointSuccess) {
      return false;
    }
    function = reinterpret_cast<Function>(entry);
    return true;
  }
};

class VirtualChunks final : public CudaChunks {
 public:
  VirtualChunks(const Driver& driver, int ordinal, int64_t most)
      : driver_(driver), capacity_(kAddresses * chunks_of(most)) {
    properties_.type = CU_MEM_ALLOCATION_TYPE_PINNED;
    properties_.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    properties_.location.id = ordinal;
    access_.location = properties_.location;
    access_.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
    if (driver_.reserve(&base_, capacity_ * kChunk, 0, 0, 0) != CUDA_SUCCESS) base_ = 0;
  }
  ~VirtualChunks() override {
    if (base_ != 0) driver_.free_addresses(base_, capacity_ * kChunk);
  }

  bool usable() const { return base_ != 0; }
  char* base() const override { return reinterpret_cast<char*>(base_); }
  size_t chunk_bytes() const override { return kChunk; }
  size_t capacity() const override { return capacity_; }

  bool map(size_t chunk) override {
    CUmemGenericAllocationHandle handle = 0;
    if (driver_.create(&handle, kChunk, &properties_, 0) != CUDA_SUCCESS) return false;
    const CUdeviceptr at = base_ + chunk * kChunk;
    bool mapped = driver_.map(at, kChunk, 0, handle, 0) == CUDA_SUCCESS;
    if (mapped && driver_.set_access(at, kChunk, &access_, 1) != CUDA_SUCCESS) {
      driver_.unmap(at, kChunk);
      mapped = false;
    }
    driver_.release(handle);  // the mapping keeps it
    return mapped;
  }

  void unmap(size_t chunk) noexcept override {
    cudaDeviceSynchronize();
    driver_.unmap(base_ + chunk * kChunk, kChunk);
  }

 private:
  const Driver& driver_;
  const size_t capacity_;
  CUmemAllocationProp properties_{};
  CUmemAccessDesc access_{};
  CUdeviceptr base_ = 0;
};

class WholeChunks final : public CudaChunks {
 public:
  explicit WholeChunks(int64_t most) : capacity_(chunks_of(most)) {}
  ~WholeChunks() override { cudaFree(base_); }

  char* base() const override { return static_cast<char*>(base_); }
  size_t chunk_bytes() const override { return kChunk; }
  size_t capacity() const override { return capacity_; }
  bool map(size_t) override {
    if (base_ == nullptr && cudaMalloc(&base_, capacity_ * kChunk) != cudaSuccess) {
      base_ = nullptr;
      cudaGetLastError();
    }
    return base_ != nullptr;
  }
  void unmap(size_t) noexcept override {}

 private:
  const size_t capacity_;
  void* base_ = nullptr;
};

}  // namespace

std::unique_ptr<CudaChunks> CudaChunks::open(int ordinal, int64_t most) {
  static const Driver driver;
  int supported = 0;
  if (driver.complete &&
      driver.attribute(&supported, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, ordinal) == CUDA_SUCCESS &&
      supported != 0) {
    auto chunks = std::make_unique<VirtualChunks>(driver, ordinal, most);
    if (chunks->usable()) return chunks;
  }
  return std::make_unique<WholeChunks>(most);
}

}  // namespace umbel
