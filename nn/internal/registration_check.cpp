#include <gradus/nn/internal/registration_check.h>

#include <utility>

namespace gradus::nn {
namespace {

thread_local const RegistrationCheck* innermost = nullptr;

}  // namespace

RegistrationCheck::RegistrationCheck(Check check) : check_(std::move(check)), outer_(std::exchange(innermost, this)) {}

RegistrationCheck::~RegistrationCheck() { innermost = outer_; }

void RegistrationCheck::apply(const std::string& path, const Shape& shape) {
  if (innermost != nullptr) innermost->check_(path, shape);
}

}  // namespace gradus::nn
