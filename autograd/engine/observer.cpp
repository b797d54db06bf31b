#include <gradus/autograd/engine/observer.h>

#include <utility>

namespace gradus {

namespace {

thread_local Observer* current = nullptr;

}  // namespace

Observer* observer() { return current; }

ObserverScope::ObserverScope(Observer* observer) : before_(std::exchange(current, observer)) {}
ObserverScope::~ObserverScope() { current = before_; }

}  // namespace gradus
