#pragma once

#include <string>

#include <gradus/bench/profile.h>

namespace gradus::bench {

/// The observed step as a JSON text in the Trace Event Format, which https://ui.perfetto.dev and chrome://tracing open.
/// Each thread has complete events (ph X) in microseconds from the start of the step: forward and backward, in them
/// layers, in these ops. In backward the neighbouring rules of one layer are in an event of that layer. A counter has
/// the bytes in use. `name` is the name of the process.
std::string trace_json(const Profile& profile, const std::string& name);

}  // namespace gradus::bench
