#include <gradus/data/internal/gatherer.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/internal/available_memory.h>
#include <gradus/data/internal/counted.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::data {
namespace {

Defect defect_of(const Line& line, std::size_t offset, std::string reason) {
  // The text of a row of several lines has line feeds.
  const std::string_view before = line.text.substr(0, offset);
  const std::size_t begin = before.rfind('\n') + 1;  // 0 when there is none
  Defect defect;
  defect.path = line.path;
  defect.line = line.number + std::count(before.begin(), before.end(), '\n');
  defect.column = files::column_of(line.text.substr(begin), offset - begin);
  defect.reason = std::move(reason);
  return defect;
}

}  // namespace

Gatherer::Gatherer(std::string path, OnBadLine on_bad_line, TokenLimit limit)
    : on_bad_line_(on_bad_line), limit_(std::move(limit)) {
  corpus_.report.path = std::move(path);
}

bool Gatherer::fits(const Tokens& side, std::string_view name, const Spot& spot) {
  if (std::ssize(side) <= limit_.most) return true;
  corpus_.report.leave_out(
      defect_of(spot.line, spot.offset, fmt::format("the {} has {}", name, limit_.excess(std::ssize(side)))));
  return false;
}

bool Gatherer::keep(Pair pair, const Spot& source, const Spot& target) {
  if (!fits(pair.source, "source", source) || !fits(pair.target, "target", target)) return false;
  check_memory(pair, source.line);
  corpus_.pairs.push_back(std::move(pair));
  corpus_.lines.push_back(source.line.number);
  return true;
}

// Reads the free memory once per 16 MB of pairs. Encoding takes up to half of their memory again.
void Gatherer::check_memory(const Pair& pair, const Line& line) {
  constexpr std::size_t step = std::size_t{1} << 24;
  bytes_ += sizeof(Pair) + sizeof(std::string) * (pair.source.size() + pair.target.size());
  if (bytes_ - checked_bytes_ < step) return;
  checked_bytes_ = bytes_;
  const AvailableMemory available = available_memory();
  if (available.bytes > bytes_ / 2 + step) return;
  throw Error(
      fmt::format("{}:{}: the pairs so far take {} MB, and the process can get only {} MB more ({}): use fewer "
                  "pairs, or raise the limit",
                  line.path, line.number, bytes_ >> 20, available.bytes >> 20, available.limit));
}

void Gatherer::refuse(const Line& line, std::size_t offset, std::string reason) {
  Defect defect = defect_of(line, offset, std::move(reason));
  if (on_bad_line_ == OnBadLine::stop) throw Error(defect.described());
  corpus_.report.skip(std::move(defect));
}

bool Gatherer::sound(const Line& line) {
  std::optional<Flaw> flaw = flaw_of(line);
  if (!flaw) return true;
  refuse(line, flaw->offset, std::move(flaw->reason));
  return false;
}

Corpus Gatherer::finish(std::string_view wanted) && {
  ReadReport& report = corpus_.report;
  report.pairs = std::ssize(corpus_.pairs);
  if (report.pairs != 0) return std::move(corpus_);
  if (report.skipped == 0 && report.left_out == 0)
    throw Error(fmt::format("{}: nothing to read; expected {}", report.path, wanted));
  if (report.skipped == 0) throw NoPairs::all_left_out(std::move(report));
  const std::string message =
      fmt::format("{}: none of {} is good (first: {}); expected {}", report.path,
                  counted(report.skipped + report.left_out, "line"), report.defects.front().described(), wanted);
  throw NoPairs(message, std::move(report));
}

}  // namespace gradus::data
