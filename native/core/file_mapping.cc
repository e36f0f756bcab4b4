#include "core/file_mapping.h"

#include <cerrno>
#include <cstring>

#include "core/fail.h"

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace umbel {

#ifdef _WIN32

FileMapping::FileMapping(const std::string& path) : path_(path) {
  const int length = MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, nullptr, 0);
  std::wstring wide(static_cast<size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, wide.data(), length);
  HANDLE file = CreateFileW(wide.c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING,
                            FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) {
    fail("ERR_FILE", "Expected a readable file, got %s (error %lu).", path.c_str(), GetLastError());
  }
  LARGE_INTEGER size;
  if (!GetFileSizeEx(file, &size)) {
    CloseHandle(file);
    fail("ERR_FILE", "Expected a regular file, got %s.", path.c_str());
  }
  file_ = file;
  size_ = static_cast<size_t>(size.QuadPart);
  if (size_ == 0) return;
  HANDLE mapping = CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr);
  if (mapping != nullptr) {
    data_ = static_cast<const uint8_t*>(MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0));
    CloseHandle(mapping);
  }
  if (data_ == nullptr) {
    const DWORD reason = GetLastError();
    CloseHandle(file);
    fail("ERR_FILE", "Expected %s to be mappable, got error %lu.", path.c_str(), reason);
  }
}

FileMapping::~FileMapping() {
  if (data_ != nullptr) UnmapViewOfFile(data_);
  CloseHandle(file_);
}

// Windows refuses to truncate a mapped file, so only the range itself can be wrong.
void FileMapping::check(size_t offset, size_t bytes) const {
  if (offset > size_ || bytes > size_ - offset) {
    fail("ERR_FILE", "Expected bytes %zu to %zu of %s, got a file of %zu bytes.", offset,
         offset + bytes, path_.c_str(), size_);
  }
}

void FileMapping::read(size_t offset, size_t bytes, void* target) const {
  check(offset, bytes);
  std::memcpy(target, data_ + offset, bytes);
}

void FileMapping::will_need(size_t, size_t) const {}

#else

FileMapping::FileMapping(const std::string& path) : path_(path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    fail("ERR_FILE", "Expected a readable file, got %s (%s).", path.c_str(), std::strerror(errno));
  }
  struct stat info;
  if (::fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(file);
    fail("ERR_FILE", "Expected a regular file, got %s.", path.c_str());
  }
  size_ = static_cast<size_t>(info.st_size);
  if (size_ > 0) {
    void* data = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, 0);
    if (data == MAP_FAILED) {
      const int reason = errno;
      ::close(file);
      fail("ERR_FILE", "Expected %s to be mappable, got: %s.", path.c_str(), std::strerror(reason));
    }
    data_ = static_cast<const uint8_t*>(data);
  }
  file_ = file;
}

FileMapping::~FileMapping() {
  if (data_ != nullptr) ::munmap(const_cast<uint8_t*>(data_), size_);
  ::close(file_);
}

void FileMapping::check(size_t offset, size_t bytes) const {
  struct stat info;
  const size_t present =
      ::fstat(file_, &info) == 0 ? static_cast<size_t>(info.st_size) : size_t{0};
  const size_t usable = present < size_ ? present : size_;
  if (offset > usable || bytes > usable - offset) {
    fail("ERR_FILE",
         "Expected bytes %zu to %zu of %s, got a file of %zu bytes. It was cut off or replaced "
         "while in use.",
         offset, offset + bytes, path_.c_str(), present);
  }
}

void FileMapping::read(size_t offset, size_t bytes, void* target) const {
  auto* to = static_cast<uint8_t*>(target);
  for (size_t done = 0; done < bytes;) {
    const ssize_t got = ::pread(file_, to + done, bytes - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      fail("ERR_FILE", "Expected to read %s, got: %s.", path_.c_str(), std::strerror(errno));
    }
    if (got == 0) check(offset, bytes);
    if (got == 0) {
      fail("ERR_FILE", "Expected bytes %zu to %zu of %s, got the end at %zu.", offset, offset + bytes,
           path_.c_str(), offset + done);
    }
    done += static_cast<size_t>(got);
  }
}

void FileMapping::will_need(size_t offset, size_t bytes) const {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t begin = offset / page * page;
  if (offset + bytes > size_) return;
  ::madvise(const_cast<uint8_t*>(data_) + begin, offset + bytes - begin, MADV_WILLNEED);
}

#endif

}  // namespace umbel
