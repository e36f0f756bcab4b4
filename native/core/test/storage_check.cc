// What handles of tensors count as live: what will take memory of its own, which a mapped file does on a GPU alone. Prints
// what is wrong.
#include "core/storage.h"

#include <cstdio>
#include <cstdlib>

namespace {

class FakeMemory final : public umbel::Memory {
 public:
  explicit FakeMemory(bool on_host) : on_host_(on_host) {}
  void* allocate(size_t bytes) override { return std::malloc(bytes); }
  void release(void* data, size_t) noexcept override { std::free(data); }
  void trim() noexcept override {}
  bool on_host() const override { return on_host_; }
  void upload(void*, const void*, size_t) override {}
  void fill_zero(void*, size_t) override {}

 private:
  const bool on_host_;
};

void expect(int64_t got, int64_t wanted, const char* what) {
  if (got != wanted) std::printf("Expected %lld live bytes %s, got %lld.\n", static_cast<long long>(wanted), what,
                                 static_cast<long long>(got));
}

}  // namespace

// Nothing here reads the file.
void umbel::Memory::upload_file(void*, const FileMapping&, size_t, size_t) {}

// The path of a file of at least 64 bytes.
int main(int, char** arguments) {
  const auto file = std::make_shared<umbel::FileMapping>(arguments[1]);
  for (const bool on_host : {true, false}) {
    const auto memory = std::make_shared<FakeMemory>(on_host);
    umbel::Storage mapped(memory, file, 0, 64, 4), made(memory, 32);
    mapped.add_handle();
    mapped.add_handle();
    made.add_handle();
    expect(memory->live_bytes, on_host ? 32 : 96, on_host ? "on the host" : "on a GPU");
    mapped.remove_handle();
    expect(memory->live_bytes, on_host ? 32 : 96, "while a view is left");
    mapped.remove_handle();
    made.remove_handle();
    expect(memory->live_bytes, 0, "at the end");
  }
}
