#include <gradus/autograd/engine/internal/node_claim.h>

#include <fmt/format.h>

namespace gradus {

namespace {

thread_local constinit char this_thread = 0;  // its address identifies the thread

}  // namespace

NodeClaim::NodeClaim(Node& node, const Place& place) {
  const void* holder = nullptr;
  if (node.claimed_by_.compare_exchange_strong(holder, &this_thread, std::memory_order_acquire,
                                               std::memory_order_relaxed))
    node_ = Ref<Node>(&node);
  else if (holder != &this_thread)
    refuse_second_run(node, place);
}

void refuse_released(const Node& node, const Place& place) {
  throw Error(fmt::format("backward reached {} a second time, but its rule was released by the first run; pass "
                          "retain_graph = true to the first",
                          made_by(node)),
              place);
}

void refuse_second_run(const Node& node, const Place& place) {
  throw Error(fmt::format("two backward runs reached {} at the same time; run them one after the other, or give each a "
                          "graph of its own",
                          made_by(node)),
              place);
}

}  // namespace gradus
