#include <gradus/autograd/engine/observer.h>

#include <utility>

namespace gradus {

ObserverScope::ObserverScope(Observer* observer) : before_(std::exchange(thread_modes.observer, observer)) {}
ObserverScope::~ObserverScope() { thread_modes.observer = before_; }

}  // namespace gradus
