#pragma once

#include <optional>

#include <gradus/autograd/foundation/random.h>

namespace gradus {

class NewNodes;
class Observer;

/// The modes of a thread, which scopes such as NoGrad and RandomScope change. Every thread and every shard starts with
/// the values below.
struct ThreadModes {
  bool recording = true;          // GradMode
  std::optional<bool> training;   // nn::Training
  bool row_invariant = false;     // RowInvariant
  bool bf16_products = false;     // Bf16Products
  bool in_shard = false;          // run_shards
  RandomScope::State random;      // RandomScope
  Observer* observer = nullptr;   // ObserverScope
  NewNodes* new_nodes = nullptr;  // collects the nodes that checkpoint records; null: none
};

/// The modes of the calling thread. A program compiled with -fvisibility=hidden shares them with a shared library.
[[gnu::visibility("default")]] inline thread_local constinit ThreadModes thread_modes;

}  // namespace gradus
