#pragma once

#include <functional>
#include <string>

#include <gradus/autograd/foundation/types.h>

namespace gradus::nn {

/// While it exists, `check` is called with path and shape of each parameter that this thread registers, before memory
/// for its values is allocated. An Error from it ends the registration. Objects nest; the innermost counts.
class RegistrationCheck {
 public:
  using Check = std::function<void(const std::string& path, const Shape& shape)>;

  explicit RegistrationCheck(Check check);
  ~RegistrationCheck();
  RegistrationCheck(const RegistrationCheck&) = delete;
  RegistrationCheck& operator=(const RegistrationCheck&) = delete;

  /// Calls the check of this thread, if there is one.
  static void apply(const std::string& path, const Shape& shape);

 private:
  Check check_;
  const RegistrationCheck* outer_;
};

}  // namespace gradus::nn
