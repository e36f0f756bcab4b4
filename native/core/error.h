#pragma once
#include <stdexcept>
#include <string>

namespace umbel {

// The one exception of native code; binding/ turns it into UmbelError(code, message).
class Error : public std::runtime_error {
 public:
  Error(std::string code, const std::string& message)
      : std::runtime_error(message), code_(std::move(code)) {}
  const std::string& code() const noexcept { return code_; }

 private:
  std::string code_;
};

}  // namespace umbel
