#pragma once

#include <optional>

#include <gradus/autograd/foundation/random.h>

namespace gradus {

class NewNodes;
class Observer;

/// The modes that change the values of layers and ops. A part that is recomputed runs under those of its first pass.
struct ValueModes {
  std::optional<bool> training;  // nn::Training
  bool row_invariant = false;    // RowInvariant
  bool bf16_products = false;    // Bf16Products
  RandomScope::State random;     // RandomScope
};

/// The modes of a thread, which scopes such as NoGrad and RandomScope change. Every thread and every shard starts with
/// these values.
struct ThreadModes : ValueModes {
  bool recording = true;          // GradMode
  bool in_shard = false;          // run_shards
  Observer* observer = nullptr;   // ObserverScope
  NewNodes* new_nodes = nullptr;  // collects the nodes that checkpoint records; null: none
};

/// The modes of the calling thread. A program compiled with -fvisibility=hidden shares them with a shared library.
[[gnu::visibility("default")]] inline thread_local constinit ThreadModes thread_modes;

}  // namespace gradus
