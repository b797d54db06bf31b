#include <gradus/autograd/engine/modes.h>

namespace gradus {

namespace {

thread_local bool recording = true;

}  // namespace

bool grad_enabled() { return recording; }

GradMode::GradMode(bool enabled) : before_(recording) { recording = enabled; }
GradMode::~GradMode() { recording = before_; }

}  // namespace gradus
