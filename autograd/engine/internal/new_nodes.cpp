#include <gradus/autograd/engine/internal/new_nodes.h>

#include <utility>

namespace gradus {

namespace {

thread_local NewNodes* innermost = nullptr;

}  // namespace

NewNodes::NewNodes() : outer_(std::exchange(innermost, this)) {}
NewNodes::~NewNodes() { innermost = outer_; }

void NewNodes::add(const Node* node) {
  for (NewNodes* n = innermost; n; n = n->outer_) n->nodes_.insert(node);
}

}  // namespace gradus
