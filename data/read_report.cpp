#include <gradus/data/read_report.h>

#include <fmt/format.h>

#include <string_view>

#include <gradus/data/internal/counted.h>

namespace gradus::data {
namespace {

/// One line per defect after the first, and the number of those that were not kept.
void add_messages(std::vector<std::string>& lines, const std::vector<Defect>& defects, Index count,
                  std::string_view done, std::string_view noun, const std::string& path) {
  for (Index i = 1; i < std::ssize(defects); ++i)
    lines.push_back(fmt::format("{} {}", done, defects[static_cast<std::size_t>(i)].described()));
  if (count > ReadReport::most_kept)
    lines.push_back(fmt::format("{} {} of {}", done, counted(count - ReadReport::most_kept, noun), path));
}

void keep_first(std::vector<Defect>& defects, Defect defect) {
  if (std::ssize(defects) < ReadReport::most_kept) defects.push_back(std::move(defect));
}

}  // namespace

std::string Defect::described() const { return fmt::format("{}:{}:{}: {}", path, line, column, reason); }

void ReadReport::skip(Defect line) {
  ++skipped;
  keep_first(defects, std::move(line));
}

void ReadReport::leave_out(Defect long_pair) {
  ++left_out;
  keep_first(long_pairs, std::move(long_pair));
}

std::string ReadReport::summary() const {
  std::string text = fmt::format("read {} from {}", counted(pairs, "pair"), path);
  std::vector<std::string> remarks;
  if (repeated != 0) remarks.push_back(counted(repeated, "repeated pronunciation") + " left out");
  if (left_out != 0)
    remarks.push_back(
        fmt::format("{} left out: first at {}", counted(left_out, "pair"), long_pairs.front().described()));
  if (skipped != 0)
    remarks.push_back(fmt::format("{} skipped: first at {}", counted(skipped, "line"), defects.front().described()));
  return remarks.empty() ? text : fmt::format("{} ({})", text, fmt::join(remarks, "; "));
}

std::vector<std::string> ReadReport::messages() const {
  std::vector<std::string> lines;
  lines.push_back(summary());
  lines.insert(lines.end(), notes.begin(), notes.end());
  add_messages(lines, long_pairs, left_out, "left out", "more pair", path);
  add_messages(lines, defects, skipped, "skipped", "more line", path);
  return lines;
}

NoPairs NoPairs::all_left_out(ReadReport of_file) {
  const std::string message = fmt::format("{}: all {} are left out (first: {})", of_file.path,
                                          counted(of_file.left_out, "pair"), of_file.long_pairs.front().described());
  return NoPairs(message, std::move(of_file));
}

std::string TokenLimit::excess(Index tokens) const {
  return fmt::format("{} tokens, more than {} ({})", tokens, most, setting);
}

}  // namespace gradus::data
