#include <gradus/autograd/engine/observer.h>

#include <utility>

#include <gradus/autograd/foundation/thread_modes.h>

namespace gradus {

Observer* observer() { return thread_modes.observer; }

ObserverScope::ObserverScope(Observer* observer) : before_(std::exchange(thread_modes.observer, observer)) {}
ObserverScope::~ObserverScope() { thread_modes.observer = before_; }

}  // namespace gradus
