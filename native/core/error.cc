#include "core/error.h"

#include <cstdarg>
#include <cstdio>

#include "core/fail.h"

namespace umbel {

void fail(const char* code, const char* format, ...) {
  char message[1024];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  throw Error(code, message);
}

}  // namespace umbel
