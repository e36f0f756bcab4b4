#pragma once

namespace umbel {

// Throws Error(code, printf-formatted message). Kernels use this instead of <stdexcept>, so that their per-ISA objects
// carry no standard library templates.
[[noreturn]] void fail(const char* code, const char* format, ...)
    __attribute__((format(printf, 2, 3)));

}  // namespace umbel
