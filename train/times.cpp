#include <gradus/train/times.h>

#include <optional>
#include <string>

#include <gradus/files/internal/json.h>
#include <gradus/files/internal/regular_input.h>

namespace gradus::train {
namespace {

// The numbers of a line, if it has the form of those that TimesLog writes.
class Line : public files::JsonHandler {
 public:
  std::optional<double> step, seconds, step_seconds, examples, target_tokens;

  bool start_object() override { return true; }
  bool end_object() override { return true; }
  bool start_list() override { return false; }
  bool end_list() override { return false; }
  bool key(const std::string& name) override {
    at_ = name == "step"            ? &step
          : name == "seconds"       ? &seconds
          : name == "step_seconds"  ? &step_seconds
          : name == "examples"      ? &examples
          : name == "target_tokens" ? &target_tokens
                                    : nullptr;
    return at_ != nullptr;
  }
  bool string(const std::string&) override { return false; }
  bool whole(std::uint64_t value) override { return number(static_cast<double>(value), ""); }
  bool number(double value, const char*) override {
    if (at_ == nullptr || value < 0 || value > 1e15) return false;
    *at_ = value;
    return true;
  }
  bool other(const char*) override { return false; }
  void error(std::size_t) override {}

  bool complete() const { return step && seconds && step_seconds && examples && target_tokens; }

 private:
  std::optional<double>* at_ = nullptr;
};

}  // namespace

TimesLog::TimesLog(const std::filesystem::path& path, Index step)
    : sums_(read(path, step)), seconds_before_(sums_.seconds), file_(path, sums_.bytes) {}

TimesLog::Sums TimesLog::read(const std::filesystem::path& path, Index step) {
  Sums sums;
  if (!std::filesystem::exists(path)) return sums;
  files::RegularInput in(path, files::Names::one);
  for (std::string text; std::getline(in, text) && !in.eof();) {
    Line line;
    if (!files::read_json(text, line) || !line.complete() || *line.step > static_cast<double>(step)) break;
    sums = {*line.seconds,
            {*line.step_seconds, static_cast<Index>(*line.examples), static_cast<Index>(*line.target_tokens)},
            sums.bytes + std::ssize(text) + 1};
  }
  return sums;
}

void TimesLog::add(const TrainingStep::Result& result, Index examples) {
  const auto& s = result.seconds;
  sums_.times.step_seconds += s.forward + s.backward + s.exchange + s.clip + s.update;
  sums_.times.examples += examples;
  sums_.times.target_tokens += result.target_tokens;
}

void TimesLog::append(Index step) {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
  file_.append(files::json_line({{"step", step},
                                 {"seconds", seconds_before_ + passed.count()},
                                 {"step_seconds", sums_.times.step_seconds},
                                 {"examples", sums_.times.examples},
                                 {"target_tokens", sums_.times.target_tokens}}));
}

}  // namespace gradus::train
