// Follows a 64 x 128 query tile through the layouts of sm90/attention.cu on the host: what the copy engine writes, what
// wgmma reads through the descriptors, and how its sums become the left operand of the next product. Small whole
// numbers make every product exact. Exit code 1 with a message when a layout is off.
//
//   g++ -std=c++20 -I native native/cuda/test/wgmma_layout_check.cc && ./a.out
#include <cstdio>
#include <vector>

#include "cuda/ptx/shared_descriptor.cuh"

namespace {

using namespace umbel::ptx;

constexpr int kQueries = 64, kKeys = 128;
constexpr uint32_t kHalfBytes = kKeys * 128;

struct SharedMemory {
  std::vector<int16_t> elements = std::vector<int16_t>(114 * 1024);
  int16_t& at(uint32_t byte) { return elements[byte / 2]; }
};

// A tile [tokens][width] as boxes of 64 channels.
template <class Value>
void copy_tile(SharedMemory& shared, uint32_t base, int tokens, int width, const Value& value) {
  for (int t = 0; t < tokens; ++t) {
    for (int d = 0; d < width; ++d) {
      shared.at(base + d / 64 * kHalfBytes + swizzled(static_cast<uint32_t>(t), static_cast<uint32_t>(d % 64))) =
          static_cast<int16_t>(value(t, d));
    }
  }
}

// How the hardware forms an address: bits 4-6 of the plain address are flipped by bits 7-9.
uint32_t flipped(uint32_t address) {
  return address ^ (address >> 7 & 7) << 4;
}
uint32_t start(uint64_t d) {
  return static_cast<uint32_t>(d & 0x3FFF) << 4;
}
uint32_t leading(uint64_t d) {
  return static_cast<uint32_t>(d >> 16 & 0x3FFF) << 4;
}
uint32_t stride(uint64_t d) {
  return static_cast<uint32_t>(d >> 32 & 0x3FFF) << 4;
}

int k_major(SharedMemory& shared, uint64_t d, uint32_t row, uint32_t k) {
  return shared.at(flipped(start(d) + row / 8 * stride(d) + row % 8 * 128 + k * 2));
}
int mn_major(SharedMemory& shared, uint64_t d, uint32_t k, uint32_t n) {
  return shared.at(flipped(start(d) + n / 64 * leading(d) + k / 8 * stride(d) + k % 8 * 128 + n % 64 * 2));
}

// Row and column of sum i of a thread.
int sum_row(int thread, int i) {
  return thread / 32 * 16 + thread % 32 / 4 + 8 * (i / 2 % 2);
}
int sum_column(int thread, int i) {
  return i / 4 * 8 + thread % 4 * 2 + i % 2;
}

template <int width>
bool check() {
  const auto q = [](int t, int d) { return (t * 7 + d * 3) % 5 - 2; };
  const auto k = [](int t, int d) { return (t * 5 + d * 11) % 7 - 3; };
  const auto v = [](int t, int d) { return (t * 13 + d * 17) % 9 - 4; };
  SharedMemory shared;
  // The second consumer's queries, the second stage's keys.
  const uint32_t q_base = 64 * 128, k_base = 65536 + width * 256, v_base = 131072;
  copy_tile(shared, q_base, kQueries, width, q);
  copy_tile(shared, k_base, kKeys, width, k);
  copy_tile(shared, v_base, kKeys, width, v);
  const uint64_t q_descriptor = descriptor(q_base, kKMajor), k_descriptor = descriptor(k_base, kKMajor);
  const uint64_t v_descriptor = descriptor(v_base, umbel::ptx::mn_major(kHalfBytes));
  std::vector<std::vector<int>> s(128, std::vector<int>(64)), o(128, std::vector<int>(width / 2));
  for (int step = 0; step < width / 16; ++step) {
    const uint64_t offset = (step / 4 * kHalfBytes + step % 4 * 32) >> 4;
    for (int thread = 0; thread < 128; ++thread) {
      for (int i = 0; i < 64; ++i) {
        for (uint32_t c = 0; c < 16; ++c) {
          s[thread][i] += k_major(shared, q_descriptor + offset, static_cast<uint32_t>(sum_row(thread, i)), c) *
                          k_major(shared, k_descriptor + offset, static_cast<uint32_t>(sum_column(thread, i)), c);
        }
      }
    }
  }
  for (int step = 0; step < kKeys / 16; ++step) {
    // Register r of the left operand holds columns c, c + 1 of its row (ptx/wgmma.cuh).
    std::vector<std::vector<int>> left(64, std::vector<int>(16));
    for (int thread = 0; thread < 128; ++thread) {
      for (int r = 0; r < 4; ++r) {
        for (int e = 0; e < 2; ++e) {
          left[thread / 32 * 16 + thread % 32 / 4 + r % 2 * 8][thread % 4 * 2 + r / 2 * 8 + e] =
              s[thread][8 * step + 2 * r + e];
        }
      }
    }
    for (int thread = 0; thread < 128; ++thread) {
      for (int i = 0; i < width / 2; ++i) {
        for (uint32_t c = 0; c < 16; ++c) {
          o[thread][i] += left[sum_row(thread, i)][c] * mn_major(shared, v_descriptor + ((step * 16 * 128) >> 4), c,
                                                                 static_cast<uint32_t>(sum_column(thread, i)));
        }
      }
    }
  }
  for (int thread = 0; thread < 128; ++thread) {
    for (int i = 0; i < width / 2; ++i) {
      const int row = sum_row(thread, i), channel = sum_column(thread, i);
      int expected = 0;
      for (int key = 0; key < kKeys; ++key) {
        int score = 0;
        for (int d = 0; d < width; ++d) score += q(row, d) * k(key, d);
        expected += score * v(key, channel);
      }
      if (o[thread][i] != expected) {
        std::printf("width %d, query %d, channel %d: expected %d, got %d\n", width, row, channel, expected,
                    o[thread][i]);
        return false;
      }
    }
  }
  return true;
}

}  // namespace

int main() {
  return check<128>() && check<64>() ? 0 : 1;
}
