#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace umbel {

// A file mapped read-only. Pages are read when they are first touched.
//
// A file that shrinks after it was mapped has no pages past its new end, and touching them kills the process (SIGBUS).
// check() therefore asks for the present size before every op that reads from the mapping. What remains is the short
// time between that check and the end of the op: do not truncate a checkpoint in place while it is in use, replace it.
class FileMapping {
 public:
  explicit FileMapping(const std::string& path);  // ERR_FILE
  ~FileMapping();
  FileMapping(const FileMapping&) = delete;
  FileMapping& operator=(const FileMapping&) = delete;

  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  const std::string& path() const { return path_; }

  // Throws ERR_FILE unless [offset, offset + bytes) still lies inside the file.
  void check(size_t offset, size_t bytes) const;
  // Copies bytes out; any thread. ERR_FILE when the file has fewer by now.
  void read(size_t offset, size_t bytes, void* target) const;
  // Tells the system that the range will be read soon.
  void will_need(size_t offset, size_t bytes) const;

 private:
  std::string path_;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
#ifdef _WIN32
  void* file_ = nullptr;
#else
  int file_ = -1;
#endif
};

}  // namespace umbel
