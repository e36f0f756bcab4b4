#include "cuda/device.h"

#include <algorithm>
#include <utility>

#include "core/fail.h"
#include "core/op_frame.h"
#include "cuda/executor.h"
#include "cuda/linear.h"

namespace umbel {
namespace {

// Left to the driver and to other programs when no budget was given.
constexpr int64_t kMarginBytes = int64_t{512} << 20;

// Errors after which every call of this process fails.
bool is_sticky(cudaError_t status) {
  switch (status) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorHardwareStackError:
    case cudaErrorAssert:
    case cudaErrorECCUncorrectable:
    case cudaErrorContextIsDestroyed:
    case cudaErrorUnknown:
      return true;
    default:
      return false;
  }
}

// The first GPU, or why there is none.
struct Found {
  cudaDeviceProp properties{};
  std::string reason;
};

Found find_gpu() {
  Found found;
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0)) {
    found.reason = "no NVIDIA GPU was found";
  } else if (status == cudaErrorInsufficientDriver) {
    int driver = 0;
    cudaDriverGetVersion(&driver);
    found.reason = driver == 0 ? "no NVIDIA driver is installed"
                               : "the NVIDIA driver is too old for CUDA " +
                                     std::to_string(CUDART_VERSION / 1000) + "; update it";
  } else if (status != cudaSuccess) {
    found.reason = std::string("CUDA says: ") + cudaGetErrorString(status);
  } else if (cudaGetDeviceProperties(&found.properties, 0) != cudaSuccess) {
    found.reason = "the GPU cannot be asked for its properties";
  } else if (found.properties.major < 8) {
    found.reason = "kernels need compute capability 8.0, this GPU has " +
                   std::to_string(found.properties.major) + "." + std::to_string(found.properties.minor);
  }
  cudaGetLastError();
  return found;
}

int capability_of(const cudaDeviceProp& properties) { return 10 * properties.major + properties.minor; }

// As in core/registry.h: 1 where the kernels of cuda/sm90 run.
int level_of(int capability) { return capability == 90 ? 1 : 0; }

const char* level_name(int level) { return level == 1 ? "sm90" : "portable"; }

int64_t budget_of(const CudaOptions& options) {
  size_t free = 0, total = 0;
  check_cuda(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  if (options.memory_limit > 0) {
    if (options.memory_limit > static_cast<int64_t>(total)) {
      fail("ERR_INVALID_ARGUMENT", "Expected a budget within the GPU's %.1f GiB, got %.1f GiB.",
           static_cast<double>(total) / 0x1p30, static_cast<double>(options.memory_limit) / 0x1p30);
    }
    return options.memory_limit;
  }
  return std::max(static_cast<int64_t>(free) - kMarginBytes, int64_t{1} << 20);
}

}  // namespace

void check_cuda(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  fail("ERR_DEVICE", "Expected %s to succeed on the GPU, got: %s.", what, cudaGetErrorString(status));
}

CudaInfo probe_cuda() noexcept {
  CudaInfo info;
  try {
    const Found found = find_gpu();
    info.reason = found.reason;
    if (found.properties.major == 0) return info;
    info.name = found.properties.name;
    info.capability = std::to_string(found.properties.major) + "." + std::to_string(found.properties.minor);
    info.memory_bytes = static_cast<int64_t>(found.properties.totalGlobalMem);
    if (!found.reason.empty()) return info;
    size_t free = 0, total = 0;
    if (cudaMemGetInfo(&free, &total) == cudaSuccess) info.free_bytes = static_cast<int64_t>(free);
    cudaGetLastError();
    info.kernels = level_name(level_of(capability_of(found.properties)));
    info.matrix_library = cuda::describe_linear(capability_of(found.properties), CublasLt::describe());
    info.available = true;
  } catch (...) {
    info.available = false;
    info.reason = "the GPU cannot be asked for its properties";
  }
  return info;
}

std::unique_ptr<Device> open_cuda(const CudaOptions& options) {
  return std::make_unique<CudaDevice>(options);
}

CudaResources::~CudaResources() {
  cudaSetDevice(ordinal);
  if (stream != nullptr) cudaStreamSynchronize(stream);
  copies.reset();
  cublaslt.reset();
  if (memory) memory->detach();
  if (fault != nullptr) cudaFreeHost(fault);
  if (stream != nullptr) cudaStreamDestroy(stream);
}

int CudaResources::kernel_level() const { return level_of(capability); }

void CudaResources::enter() {
  if (!poison.empty()) {
    fail("ERR_DEVICE", "Expected a working GPU, got an earlier fault: %s. Start the program again.", poison.c_str());
  }
  check_cuda(cudaSetDevice(ordinal), "cudaSetDevice");
}

void CudaResources::finish() {
  cudaError_t status = cudaStreamSynchronize(stream);
  if (status == cudaSuccess) status = cudaGetLastError();
  if (status != cudaSuccess) {
    if (is_sticky(status)) poison = cudaGetErrorString(status);
    cudaGetLastError();
    check_cuda(status, "the work");
  }
  copies->settle();
  const auto code = static_cast<CudaFault>(std::exchange(*static_cast<volatile int32_t*>(fault), 0));
  if (code == CudaFault::embedding_id) {
    fail("ERR_INVALID_ARGUMENT", "Expected the ids of an embedding to lie within its table, got one outside.");
  }
  if (code == CudaFault::block_list) {
    fail("ERR_INVALID_ARGUMENT", "Expected rising row starts and block columns inside the mask, got others.");
  }
}

void CudaDevice::Pace::wait() {
  if (launched < events.size()) return;
  check_cuda(cudaEventSynchronize(events[launched % events.size()]), "the work");
}

void CudaDevice::Pace::record(cudaStream_t stream) {
  check_cuda(cudaEventRecord(events[launched % events.size()], stream), "cudaEventRecord");
  ++launched;
}

CudaDevice::Pace::~Pace() {
  for (cudaEvent_t event : events) cudaEventDestroy(event);
}

class CudaDevice::OpJob final : public Job {
 public:
  OpJob(CudaDevice& device, OpCall call) : device_(device), call_(std::move(call)) {}

  void run(const std::atomic<uint64_t>& generation, uint64_t own_generation) override {
    CudaResources& resources = device_.resources_;
    resources.enter();
    try {
      device_.pace_.wait();
      if (generation.load() != own_generation) return;
      resources.copies->await(call_);
      CudaOpContext context(resources, generation, own_generation);
      run_on_cuda(call_, context, resources.kernel_level());
      device_.pace_.record(resources.stream);
    } catch (...) {
      const cudaError_t status = cudaGetLastError();
      if (is_sticky(status)) resources.poison = cudaGetErrorString(status);
      throw;
    }
  }
  void finish(const FailurePtr& failure) noexcept override {
    if (!failure) return;
    for (const auto& output : call_.outputs) {
      if (output) output->storage->poison(failure);
    }
  }

 private:
  CudaDevice& device_;
  OpCall call_;
};

class CudaDevice::TransferJob final : public Job {
 public:
  TransferJob(CudaDevice& device, View source, View target)
      : device_(device), source_(std::move(source)), target_(std::move(target)) {}

  void run(const std::atomic<uint64_t>&, uint64_t) override {
    CudaResources& resources = device_.resources_;
    resources.enter();
    device_.pace_.wait();
    if (&target_.storage->memory() == device_.host_memory_.get()) {
      resources.copies->download(source_, target_);
    } else {
      resources.copies->upload(source_, target_);
    }
  }
  void finish(const FailurePtr& failure) noexcept override {
    if (failure) target_.storage->poison(failure);
  }

 private:
  CudaDevice& device_;
  View source_, target_;
};

class CudaDevice::SyncJob final : public Job {
 public:
  SyncJob(CudaDevice& device, Settled settled) : device_(device), settled_(std::move(settled)) {}
  void run(const std::atomic<uint64_t>&, uint64_t) override {
    device_.resources_.enter();
    device_.resources_.finish();
  }
  void finish(const FailurePtr& failure) noexcept override { settled_(failure); }
  bool fence() const override { return true; }

 private:
  CudaDevice& device_;
  Settled settled_;
};

class CudaDevice::ReadJob final : public Job {
 public:
  ReadJob(CudaDevice& device, View view, DType dtype, void* target, Settled settled)
      : device_(device), view_(std::move(view)), dtype_(dtype), target_(target), settled_(std::move(settled)) {}

  void run(const std::atomic<uint64_t>& generation, uint64_t own_generation) override {
    CudaResources& resources = device_.resources_;
    resources.enter();
    resources.copies->await(*view_.storage);
    CudaOpContext context(resources, generation, own_generation);
    Tensor source = view_.resolve();
    if (source.numel() > 0) {
      if (source.dtype != dtype_ || !source.contiguous()) {
        Tensor converted = source;
        converted.dtype = dtype_;
        make_contiguous(converted);
        converted.data = context.scratch(converted.bytes());
        context.convert(source, converted);
        source = converted;
      }
      resources.memory->download(target_, source.data, source.bytes());
    }
    resources.finish();
  }
  void finish(const FailurePtr& failure) noexcept override {
    view_.storage.reset();  // before the promise settles, so that memory() is exact after it
    settled_(failure);
  }
  bool fence() const override { return true; }

 private:
  CudaDevice& device_;
  View view_;
  DType dtype_;
  void* target_;
  Settled settled_;
};

CudaDevice::CudaDevice(const CudaOptions& options) {
  const Found found = find_gpu();
  if (!found.reason.empty()) {
    fail("ERR_DEVICE", "Expected a CUDA device, got none: %s. Use --device cpu.", found.reason.c_str());
  }
  resources_.capability = capability_of(found.properties);
  resources_.multiprocessors = found.properties.multiProcessorCount;
  resources_.shared_memory = found.properties.sharedMemPerBlockOptin;
  resources_.bf16_compute = options.bf16_compute;
  check_cuda(cudaSetDevice(resources_.ordinal), "cudaSetDevice");
  check_cuda(cudaStreamCreateWithFlags(&resources_.stream, cudaStreamNonBlocking), "cudaStreamCreate");
  resources_.memory =
      std::make_shared<CudaArena>(resources_.ordinal, budget_of(options), resources_.stream);
  memory_ = resources_.memory;
  resources_.copies = std::make_unique<CopyStream>(resources_.stream);
  void* fault = nullptr;
  check_cuda(cudaHostAlloc(&fault, sizeof(int32_t), cudaHostAllocMapped), "cudaHostAlloc");
  resources_.fault = static_cast<int32_t*>(fault);
  *resources_.fault = 0;
  void* fault_device = nullptr;
  check_cuda(cudaHostGetDevicePointer(&fault_device, fault, 0), "cudaHostGetDevicePointer");
  resources_.fault_device = static_cast<int32_t*>(fault_device);
  resources_.cublaslt = CublasLt::open();
  for (int i = 0; i < kAhead; ++i) {
    cudaEvent_t event = nullptr;
    check_cuda(cudaEventCreateWithFlags(&event, cudaEventDisableTiming | cudaEventBlockingSync), "cudaEventCreate");
    pace_.events.push_back(event);
  }
  queue_ = std::make_unique<Queue>([this] { resources_.memory->trim(); });
}

CudaDevice::~CudaDevice() { queue_.reset(); }

std::string CudaDevice::kernels() const { return level_name(resources_.kernel_level()); }

void CudaDevice::run(OpCall call) {
  check_call(call);
  cuda_kernel(call.op, resources_.kernel_level());
  queue_->enqueue(std::make_unique<OpJob>(*this, std::move(call)));
}

void CudaDevice::transfer(View source, View target) {
  queue_->enqueue(std::make_unique<TransferJob>(*this, std::move(source), std::move(target)));
}

void CudaDevice::sync(Settled settled) {
  queue_->enqueue(std::make_unique<SyncJob>(*this, std::move(settled)));
}

void CudaDevice::read(View view, DType dtype, void* target, Settled settled) {
  queue_->enqueue(std::make_unique<ReadJob>(*this, std::move(view), dtype, target, std::move(settled)));
}

}  // namespace umbel
