#include <gradus/train/internal/together.h>

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include <gradus/models/decode.h>

namespace gradus::train {
namespace {

enum class Kind { none, error, nan_scores, stopped };

}  // namespace

void together(Ranks* ranks, const std::function<void()>& work) {
  if (ranks == nullptr) {
    work();
    return;
  }
  Kind kind = Kind::none;
  std::exception_ptr own;
  std::string text;
  const auto note = [&](Kind k, const char* what) {
    kind = k;
    own = std::current_exception();
    text = what;
  };
  try {
    work();
  } catch (const RankLost&) {
    throw;  // the ranks can exchange nothing any more
  } catch (const models::Stopped& e) {
    note(Kind::stopped, e.what());
  } catch (const models::NanScores& e) {
    note(Kind::nan_scores, e.what());
  } catch (const std::exception& e) {
    note(Kind::error, e.what());
  }
  const auto kinds = ranks->gather(std::vector<double>{static_cast<double>(kind)});
  const auto found = std::find_if(kinds.begin(), kinds.end(), [](const auto& k) { return k.front() != 0; });
  if (found == kinds.end()) return;
  const std::vector<std::string> texts = ranks->gather(text);
  if (own) std::rethrow_exception(own);
  const Index rank = found - kinds.begin();
  const std::string what = fmt::format("{}: {}", ranks->name(rank), texts[static_cast<std::size_t>(rank)]);
  const auto first = static_cast<Kind>(static_cast<int>(found->front()));
  if (first == Kind::stopped) throw models::Stopped();
  if (first == Kind::nan_scores) throw models::NanScores(what);
  throw Error(what);
}

bool is_first(const Ranks* ranks) { return ranks == nullptr || ranks->rank() == 0; }

void together_on_first(Ranks* ranks, const std::function<void()>& work) {
  together(ranks, [&] {
    if (is_first(ranks)) work();
  });
}

}  // namespace gradus::train
