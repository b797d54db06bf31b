#include <gradus/data/hypotheses.h>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include <gradus/autograd/foundation/error.h>
#include <gradus/data/internal/counted.h>
#include <gradus/data/internal/json_object.h>
#include <gradus/data/internal/lines.h>
#include <gradus/files/internal/json.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::data {
namespace {

[[noreturn]] void refuse(const Line& line, std::size_t offset, const std::string& reason) {
  throw Error(fmt::format("{}:{}:{}: {}", line.path, line.number, files::column_of(line.text, offset), reason));
}

// Calls use(line) for each line of a file. Returns their number.
Index for_lines(const std::filesystem::path& path, const std::function<void(const Line&)>& use) {
  LineReader reader(path);
  Line line;
  while (reader.next(line)) {
    if (const auto flaw = flaw_of(line)) refuse(line, flaw->offset, flaw->reason);
    use(line);
  }
  if (line.number == 0)
    throw Error(fmt::format("{}: the file is empty; expected an output or a reference per line", path.string()));
  return line.number;
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  for_lines(path, [&](const Line& line) { lines.emplace_back(line.text); });
  return lines;
}

// The two sides of a line, which its last tab separates.
std::pair<std::string, std::string> sides_of(const Line& line, const char* expected) {
  const std::size_t tab = line.text.rfind('\t');
  if (tab == std::string_view::npos) refuse(line, line.text.size(), fmt::format("no tab; expected {}", expected));
  return {std::string(line.text.substr(0, tab)), std::string(line.text.substr(tab + 1))};
}

}  // namespace

std::string hypothesis_line(const std::string& source, const std::string& output,
                            const std::vector<std::string>& references, bool exact) {
  std::vector<std::string> quoted;
  for (const std::string& reference : references) quoted.push_back(files::json_string(reference));
  return fmt::format("{{\"source\":{},\"output\":{},\"references\":[{}],\"exact\":{}}}", files::json_string(source),
                     files::json_string(output), fmt::join(quoted, ","), exact);
}

Hypotheses read_hypotheses(const std::filesystem::path& path) {
  Hypotheses found;
  for_lines(path, [&](const Line& line) {
    std::string source, output;
    std::vector<std::string> references;
    std::optional<Flaw> flaw =
        read_object(line.text, {{"source", &source}, {"output", &output}, {"references", nullptr, &references}});
    if (!flaw && references.empty()) flaw = Flaw{0, "references is empty; expected at least one"};
    if (flaw) {
      refuse(line, flaw->offset,
             fmt::format("{}; expected a line of gradus eval --hypotheses: "
                         "{{\"source\":\"...\",\"output\":\"...\",\"references\":[\"...\"]}}",
                         flaw->reason));
    }
    found.sources.push_back(std::move(source));
    found.texts.outputs.push_back(std::move(output));
    found.texts.references.push_back(std::move(references));
  });
  return found;
}

Hypotheses read_outputs(const std::filesystem::path& outputs, const std::vector<std::filesystem::path>& references) {
  Hypotheses found;
  found.texts.outputs = lines_of(outputs);
  found.texts.references.resize(found.texts.outputs.size());
  for (const std::filesystem::path& path : references) {
    std::vector<std::string> lines = lines_of(path);
    if (lines.size() != found.texts.outputs.size()) {
      throw Error(fmt::format("{} has {}, {} has {}; expected a reference on the line of each output", path.string(),
                              counted(std::ssize(lines), "line"), outputs.string(),
                              counted(std::ssize(found.texts.outputs), "line")));
    }
    for (std::size_t i = 0; i < lines.size(); ++i) found.texts.references[i].push_back(std::move(lines[i]));
  }
  return found;
}

Hypotheses read_decoded(const std::filesystem::path& outputs, const std::filesystem::path& pairs) {
  Hypotheses found;
  std::map<std::string, std::size_t> places;
  for_lines(pairs, [&](const Line& line) {
    const auto [source, target] = sides_of(line, "source<TAB>target");
    const auto [place, is_new] = places.emplace(source, found.sources.size());
    if (is_new) {
      found.sources.push_back(source);
      found.texts.references.emplace_back();
    }
    std::vector<std::string>& own = found.texts.references[place->second];
    if (std::find(own.begin(), own.end(), target) == own.end()) own.push_back(target);
  });
  found.texts.outputs.resize(found.sources.size());
  std::vector<bool> has_output(found.sources.size());
  for_lines(outputs, [&](const Line& line) {
    const auto [source, output] = sides_of(line, "source<TAB>output, as gradus decode prints");
    const auto place = places.find(source);
    if (place == places.end())
      refuse(line, 0, fmt::format("{} has no source {}", pairs.string(), files::shown(source)));
    std::string& own = found.texts.outputs[place->second];
    if (has_output[place->second] && own != output)
      refuse(line, 0, fmt::format("another output for the source {}; expected one", files::shown(source)));
    has_output[place->second] = true;
    own = output;
  });
  const auto missing = std::find(has_output.begin(), has_output.end(), false);
  if (missing != has_output.end()) {
    throw Error(fmt::format("{}: there is no output for {} of {}; the first is {}", outputs.string(),
                            counted(std::count(has_output.begin(), has_output.end(), false), "source"), pairs.string(),
                            files::shown(found.sources[static_cast<std::size_t>(missing - has_output.begin())])));
  }
  return found;
}

}  // namespace gradus::data
