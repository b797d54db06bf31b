#include <gradus/autograd/engine/modes.h>

#include <utility>

#include <gradus/autograd/foundation/thread_modes.h>

namespace gradus {

bool grad_enabled() { return thread_modes.recording; }

GradMode::GradMode(bool enabled) : before_(std::exchange(thread_modes.recording, enabled)) {}
GradMode::~GradMode() { thread_modes.recording = before_; }

}  // namespace gradus
