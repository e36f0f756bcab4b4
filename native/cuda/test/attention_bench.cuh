#pragma once
// Times of the attention kernels: median of five launches by events after one to warm up.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "cuda/attention.h"
#include "cuda/test/attention_memory.cuh"
#include "cuda/test/attention_reference.cuh"

namespace umbel::cuda::check {

struct BlockList {
  std::vector<int32_t> row_ptr, col;
};

// int32: rows, entries, row_ptr [rows + 1], col [entries].
inline bool read_list(const std::string& file, BlockList& list) {
  std::ifstream in(file, std::ios::binary);
  int32_t head[2];
  if (!in.read(reinterpret_cast<char*>(head), 8)) return false;
  list.row_ptr.resize(static_cast<size_t>(head[0]) + 1);
  list.col.resize(static_cast<size_t>(head[1]));
  in.read(reinterpret_cast<char*>(list.row_ptr.data()), static_cast<std::streamsize>(list.row_ptr.size() * 4));
  in.read(reinterpret_cast<char*>(list.col.data()), static_cast<std::streamsize>(list.col.size() * 4));
  return static_cast<bool>(in);
}

inline BlockList random_list(int rows, int columns, double density) {
  BlockList list;
  std::mt19937 random(11);
  list.row_ptr.push_back(0);
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      if (c == r % columns || random() < density * 4294967296.0) list.col.push_back(c);
    }
    list.row_ptr.push_back(static_cast<int32_t>(list.col.size()));
  }
  return list;
}

struct BenchRow {
  std::string name;
  int heads, queries, keys, width, block;
  BlockList list;
  AttentionElement element = AttentionElement::bf16;
};

inline void bench(const BenchRow& row, AttentionPath path, int capability) {
  AttentionArguments a{};
  a.element = a.out_element = row.element;
  a.batch = 1, a.heads = row.heads, a.queries = row.queries, a.keys = a.valid_keys = row.keys, a.head_dim = row.width;
  a.scale = 1.0f / std::sqrt(static_cast<float>(row.width));
  const int64_t token = static_cast<int64_t>(row.heads) * row.width;
  const size_t size = row.element == AttentionElement::f32 ? 4 : 2;
  Memory q(static_cast<size_t>(token * row.queries) * size), k(static_cast<size_t>(token * row.keys) * size);
  Memory v(k.bytes), out(q.bytes), row_ptr, col;
  const auto strides = [&](int tokens) { return AttentionStrides{token * tokens, token, row.width}; };
  a.q_strides = a.out_strides = strides(row.queries), a.k_strides = a.v_strides = strides(row.keys);
  a.q = q.data, a.k = k.data, a.v = v.data, a.out = out.data;
  double active = static_cast<double>(row.queries) * row.keys;
  if (row.block) {
    row_ptr = Memory(row.list.row_ptr), col = Memory(row.list.col);
    a.row_ptr = static_cast<int32_t*>(row_ptr.data), a.col = static_cast<int32_t*>(col.data);
    a.groups = 1, a.block = row.block, a.entries = static_cast<int64_t>(row.list.col.size());
    active = static_cast<double>(row.list.col.size()) * row.block * row.block;
  }
  if (attention_obstacle(a, path, capability)) return;
  const auto fill = [&](Memory& memory, int tokens, uint32_t seed) {
    if (size == 4) {
      fill_normal<<<2048, 256>>>(static_cast<float*>(memory.data), strides(tokens), 1, tokens, row.heads, row.width,
                                 1.0f, 0.0f, seed);
    } else {
      fill_normal<<<2048, 256>>>(static_cast<__nv_bfloat16*>(memory.data), strides(tokens), 1, tokens, row.heads,
                                 row.width, 1.0f, 0.0f, seed);
    }
  };
  fill(q, row.queries, 1);
  fill(k, row.keys, 2);
  fill(v, row.keys, 3);
  cudaEvent_t begin, end;
  must(cudaEventCreate(&begin), "an event");
  must(cudaEventCreate(&end), "an event");
  std::vector<float> times;
  for (int i = 0; i < 6; ++i) {
    must(cudaEventRecord(begin), "an event");
    must(attention(a, path, nullptr), "the launch");
    must(cudaEventRecord(end), "an event");
    must(cudaEventSynchronize(end), "the kernel");
    float ms = 0;
    must(cudaEventElapsedTime(&ms, begin, end), "a time");
    if (i > 0) times.push_back(ms);
  }
  std::sort(times.begin(), times.end());
  const double ms = times[2], tflops = 4.0 * active * row.heads * row.width / ms / 1e9;
  std::printf(
      "bench %-8s %-28s heads %d queries %d keys %d width %d block %d density %.4f: %.3f ms (%.3f..%.3f) %.0f TF\n",
      attention_path_name(path), row.name.c_str(), row.heads, row.queries, row.keys, row.width, row.block,
      active / row.queries / row.keys, ms, times.front(), times.back(), tflops);
  std::fflush(stdout);
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
}

inline int run_bench(const std::string& folder, const std::vector<AttentionPath>& paths, const std::string& only,
                     int capability) {
  std::vector<BenchRow> rows;
  const auto radial = [&](const char* name, int heads, int tokens, int block) {
    BenchRow row{name, heads, tokens, tokens, 128, block, {}};
    const std::string file = std::string(name).starts_with("profile-") ? std::string(name).substr(8) : name;
    if (read_list(folder + "/" + file + ".bin", row.list)) {
      rows.push_back(std::move(row));
    } else {
      std::printf("# no %s in %s\n", name, folder.c_str());
    }
  };
  const auto dense = [&](const char* name, int heads, int queries, int keys, int width) {
    rows.push_back({name, heads, queries, keys, width, 0, {}});
  };
  const auto random = [&](const char* name, int heads, int tokens, int block, double density) {
    const int blocks = (tokens + block - 1) / block;
    rows.push_back({name, heads, tokens, tokens, 128, block, random_list(blocks, blocks, density)});
  };
  dense("wan-dense", 40, 69120, 69120, 128);
  radial("wan-radial-b128", 40, 69120, 128);
  radial("wan-radial-b64", 40, 69120, 64);
  dense("wan-dense-ragged", 40, 69000, 69000, 128);
  dense("wan-text", 40, 69120, 512, 128);
  dense("hunyuan-dense", 24, 115456, 115456, 128);
  radial("hunyuan-radial-b128", 24, 115456, 128);
  radial("hunyuan-long-radial-b128", 24, 460800, 128);
  dense("short-2k", 40, 2048, 2048, 128);
  dense("short-8k", 40, 8192, 8192, 128);
  dense("mid-17k", 40, 17160, 17160, 128);
  dense("width-64", 40, 32768, 32768, 64);
  random("random-32k-0.05", 40, 32768, 128, 0.05);
  random("random-32k-0.25", 40, 32768, 128, 0.25);
  random("random-32k-1", 40, 32768, 128, 1.0);
  random("random-131k-0.05", 8, 131072, 128, 0.05);
  random("random-32k-b64-0.25", 40, 32768, 64, 0.25);
  dense("width-384", 1, 15360, 15360, 384);
  dense("profile-dense", 4, 32768, 32768, 128);
  radial("profile-hunyuan-radial-b128", 2, 115456, 128);
  random("profile-sparse", 4, 32768, 128, 0.3);
  rows.push_back({"float32", 12, 4096, 4096, 128, 0, {}, AttentionElement::f32});
  for (AttentionPath path : paths) {
    for (const BenchRow& row : rows) {
      // The generic path is measured on what only it can do.
      const bool wanted = (path == AttentionPath::generic) == (row.element == AttentionElement::f32);
      if (wanted && row.name.find(only) != std::string::npos) bench(row, path, capability);
    }
  }
  return 0;
}

}  // namespace umbel::cuda::check
