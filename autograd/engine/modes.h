#pragma once

namespace gradus {

/// Whether ops of this thread are recorded.
bool grad_enabled();

/// Switches the recording of this thread's ops on or off while it lives.
class GradMode {
 public:
  /// The destructor restores the mode from before.
  explicit GradMode(bool enabled);
  ~GradMode();
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool before_;
};

/// Ops of this thread are not recorded while it lives.
class NoGrad : public GradMode {
 public:
  NoGrad() : GradMode(false) {}
};

}  // namespace gradus
