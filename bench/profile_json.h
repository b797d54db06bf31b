#pragma once

#include <string>

#include <gradus/bench/profile.h>

namespace gradus::bench {

/// The profile without its spans, as an object of JSON: times in ms, shares from 0 to 1, bytes. The documentation of
/// `gradus profile` (docs/profile.md) has its names.
std::string profile_json(const Profile& profile);

}  // namespace gradus::bench
