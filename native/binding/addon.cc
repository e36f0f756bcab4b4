#include <napi.h>

#include <string>

#include "binding/device_handle.h"
#include "core/cuda_backend.h"
#include "core/registry.h"

namespace umbel::binding {
namespace {

// listOps(): name, argument codes, the instruction set of the kernel that this machine would use (null: none), and
// whether the build has a CUDA kernel.
Napi::Value list_ops(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const int level = machine_isa_level();
    const int cap =
        info[0].IsString() ? isa_level_from_name(to_string(info[0], "isa")) : level;
    constexpr auto count = static_cast<uint32_t>(Op::count);
    Napi::Array list = Napi::Array::New(env, count);
    for (uint32_t i = 0; i < count; ++i) {
      const auto op = static_cast<Op>(i);
      const Kernel kernel = find_kernel(Backend::cpu, op, cap < level ? cap : level);
      Napi::Object entry = Napi::Object::New(env);
      entry.Set("name", Napi::String::New(env, std::string(op_name(op))));
      entry.Set("codes", Napi::String::New(env, std::string(op_codes(op))));
      entry.Set("isa", kernel.function == nullptr
                           ? env.Null()
                           : Napi::String::New(env, isa_name(kernel.isa_level)).As<Napi::Value>());
      entry.Set("cuda", Napi::Boolean::New(env, find_kernel(Backend::cuda, op, 0).function != nullptr));
      list.Set(i, entry);
    }
    return list;
  });
}

// cudaInfo(): the GPU that createDevice({ device: "cuda" }) opens, or why there is none.
Napi::Value cuda_info(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const CudaInfo cuda = probe_cuda();
    Napi::Object object = Napi::Object::New(env);
    object.Set("available", Napi::Boolean::New(env, cuda.available));
    object.Set("reason", Napi::String::New(env, cuda.reason));
    object.Set("name", Napi::String::New(env, cuda.name));
    object.Set("capability", Napi::String::New(env, cuda.capability));
    object.Set("kernels", Napi::String::New(env, cuda.kernels));
    object.Set("matrixLibrary", Napi::String::New(env, cuda.matrix_library));
    object.Set("memoryBytes", Napi::Number::New(env, static_cast<double>(cuda.memory_bytes)));
    object.Set("freeBytes", Napi::Number::New(env, static_cast<double>(cuda.free_bytes)));
    return object;
  });
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  auto* classes = new Classes;  // freed with the environment
  classes->tensor = Napi::Persistent(TensorHandle::define(env));
  classes->mapping = Napi::Persistent(MappingHandle::define(env));
  classes->device = Napi::Persistent(DeviceHandle::define(env));
  env.SetInstanceData(classes);
  exports.Set("createDevice", Napi::Function::New(env, DeviceHandle::create, "createDevice"));
  exports.Set("mapFile", Napi::Function::New(env, MappingHandle::map, "mapFile"));
  exports.Set("cudaInfo", Napi::Function::New(env, cuda_info, "cudaInfo"));
  exports.Set("listOps", Napi::Function::New(env, list_ops, "listOps"));
  return exports;
}

}  // namespace
}  // namespace umbel::binding

static Napi::Object InitialiseUmbel(Napi::Env env, Napi::Object exports) {
  return umbel::binding::initialise(env, exports);
}

NODE_API_MODULE(umbel, InitialiseUmbel)
