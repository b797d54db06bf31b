#pragma once

#include <gradus/bench/samples.h>
#include <gradus/train/ranks.h>

namespace gradus::bench {

/// The time in which the ranks add so many bytes of gradients in f32, with nothing else to do. All ranks call it, and
/// have a shard each. At least 8 samples; more in the seconds.
Samples time_exchange(train::Ranks& ranks, Index bytes, double seconds);

/// The time of a small message from each rank to all others.
Samples time_gather(train::Ranks& ranks, double seconds);

}  // namespace gradus::bench
