#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/foundation/place.h>
#include <gradus/autograd/foundation/thread_modes.h>

namespace gradus::nn {

/// The mode of this thread's layers while the object exists: training (torch's train()) or, with false, use (eval()).
/// Layers such as dropout differ between the two.
///
///     const nn::Training on;          // in a training step
///     const nn::Training off(false);  // in evaluation
///
/// - Objects nest. Without one the mode is unset. Then a layer that depends on the mode throws while ops are recorded,
///   and does what it does in use under NoGrad.
/// - Each thread has its own mode, so work on another thread needs an object there.
class Training {
 public:
  /// Sets the mode. The destructor restores the earlier one.
  [[nodiscard]] explicit Training(bool on = true) : before_(std::exchange(thread_modes.training, on)) {}
  ~Training() { thread_modes.training = before_; }
  Training(const Training&) = delete;
  Training& operator=(const Training&) = delete;

  /// Whether the mode is training; false while it is unset.
  static bool on() { return thread_modes.training == true; }

  /// The same, for a layer that depends on the mode. Throws an Error at `place`, with the lines to write, when the mode
  /// is unset and ops are recorded.
  static bool on_for(std::string_view layer, const Place& place) {
    if (!thread_modes.training && grad_enabled()) refuse(layer, place);
    return on();
  }

 private:
  [[noreturn]] static void refuse(std::string_view layer, const Place& place);

  std::optional<bool> before_;
};

}  // namespace gradus::nn
