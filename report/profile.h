#pragma once

#include <map>
#include <string>
#include <vector>

namespace gradus::report {

/// An op or a layer in a profile. The numbers of each direction have the names of profile.json.
struct ProfiledPart {
  std::string name;
  std::map<std::string, double> forward, backward;
};

/// The profile of a training step that `gradus profile --run` writes to a run.
struct RunProfile {
  std::map<std::string, double> numbers;  // of the step
  std::vector<ProfiledPart> ops, layers;
};

/// Reads the text of profile.json. Throws Error unless it is JSON with the time of a step; `name` is the name of the
/// file in messages. Other names are ignored.
RunProfile read_profile(const std::string& text, const std::string& name);

/// The profile for the page, as JSON.
std::string profile_json(const RunProfile& profile);

}  // namespace gradus::report
