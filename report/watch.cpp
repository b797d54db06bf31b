#include <gradus/report/watch.h>

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include <gradus/data/unicode.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/report/internal/run_names.h>
#include <gradus/report/run_progress.h>
#include <gradus/train/progress.h>

namespace gradus::report {
namespace {

constexpr Index usual_rows = 8, least_rows = 2, most_rows = 12;  // of a plot, without title and axis
constexpr Index side_by_side = 60;                               // least columns of a plot beside another
constexpr Index gap = 3;                                         // columns between two plots

std::size_t width(Index columns) { return static_cast<std::size_t>(std::max(columns, Index{0})); }

// "1200 of 5000", with the share that is done.
std::vector<std::string> facts(const RunProgress& run) {
  const train::Position& p = run.position;
  std::vector<std::string> facts;
  if (run.steps > 0) {
    facts.push_back(fmt::format("step {} of {} ({:.0f} %)", p.step, run.steps,
                                100.0 * static_cast<double>(p.step) / static_cast<double>(run.steps)));
  } else {
    facts.push_back(fmt::format("step {}", p.step));
  }
  if (run.config.train.epochs > 0)
    facts.push_back(fmt::format("epoch {} of {}", p.epoch, run.config.train.epochs));
  else
    facts.push_back(fmt::format("epoch {}", p.epoch));
  if (run.steps_per_second) facts.push_back(fmt::format("{:.3g} steps/s", *run.steps_per_second));
  if (run.complete)
    facts.emplace_back("complete");
  else if (run.seconds_left)
    facts.push_back(fmt::format("{} left", train::clock_time(*run.seconds_left)));
  if (p.best_step > 0)
    facts.push_back(fmt::format("best {} {:.4g} at step {}", best_name(run.config), p.best, p.best_step));
  return facts;
}

// The parts in lines of at most so many columns. The first line begins with the mark, if it fits; the others are
// indented.
std::vector<std::string> wrapped(std::string mark, Index mark_columns, const std::vector<std::string>& parts,
                                 Index columns) {
  if (mark_columns >= columns) {
    mark.clear();
    mark_columns = 0;
  }
  std::vector<std::string> lines;
  const std::string indent(width(mark_columns), ' ');
  std::string line;
  const auto end_line = [&] {
    lines.push_back((lines.empty() ? mark : indent) + data::cut_to_width(line, width(columns - mark_columns)));
  };
  for (const std::string& part : parts) {
    const bool fits = line.empty() || data::width(line + "  " + part) <= width(columns - mark_columns);
    if (!fits) {
      end_line();
      line.clear();
    }
    line += (line.empty() ? "" : "  ") + part;
  }
  end_line();
  return lines;
}

// The columns of a line of a plot, which may have colours.
Index shown_columns(const std::string& line) {
  std::string plain;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '\033')
      at = line.find('m', at);
    else
      plain += line[at];
  }
  return static_cast<Index>(data::width(plain));
}

// Two plots beside each other.
std::vector<std::string> joined(const std::vector<std::string>& left, const std::vector<std::string>& right,
                                Index columns) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    std::string line = i < left.size() ? left[i] : "";
    if (i < right.size()) line += std::string(width(columns + gap - shown_columns(line)), ' ') + right[i];
    lines.push_back(std::move(line));
  }
  return lines;
}

class View {
 public:
  View(const std::vector<std::filesystem::path>& paths, const WatchOptions& options)
      : options_(options), names_(run_names(paths)) {
    for (const std::filesystem::path& path : paths) runs_.push_back(read_progress(path));
    style_ = {.marks = options.marks, .colors = options.colors};
    double first = std::numeric_limits<double>::infinity(), last = 0;
    for (const RunProgress& run : runs_) {
      for (const Curve& curve : run.curves) {
        first = std::min(first, curve.steps.front());
        last = std::max(last, curve.steps.back());
      }
    }
    style_.first_step = std::min(first, last);
    style_.last_step = last;
  }

  WatchText text() {
    WatchText text;
    text.complete = std::all_of(runs_.begin(), runs_.end(), [](const RunProgress& run) { return run.complete; });
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      const std::string mark = curve_mark(i, runs_.size(), style_);
      std::vector<std::string> parts = facts(runs_[i]);
      parts.insert(parts.begin(), names_[i]);
      const Index mark_columns = mark.empty() ? 0 : shown_columns(mark) + 2;
      for (std::string& line : wrapped(mark.empty() ? "" : mark + "  ", mark_columns, parts, options_.columns))
        text.lines.push_back(std::move(line));
    }
    add_plots(text.lines);
    if (options_.rows > 0 && std::ssize(text.lines) > options_.rows) text.lines.resize(width(options_.rows));
    return text;
  }

 private:
  std::vector<std::string> wanted() const {
    if (!options_.curves.empty()) return options_.curves;
    std::vector<std::string> names = {"loss"};
    for (const RunProgress& run : runs_) {
      const std::string best = best_name(run.config);
      if (std::find(names.begin(), names.end(), best) == names.end()) names.push_back(best);
    }
    names.emplace_back("lr");
    return names;
  }

  // "loss  0.412 at step 1200"; of several runs only the name.
  std::string title(const std::string& name) const {
    const Curve* curve = nullptr;
    std::vector<std::string> others;
    for (const RunProgress& run : runs_) {
      if (curve == nullptr) curve = find_curve(run.curves, name);
      for (const Curve& other : run.curves)
        if (std::find(others.begin(), others.end(), other.name) == others.end()) others.push_back(other.name);
    }
    if (curve == nullptr) {
      return fmt::format("{}  no values yet{}", files::shown(name),
                         others.empty() ? ""
                                        : fmt::format("; there are {}",
                                                      files::shown(fmt::format("{}", fmt::join(others, ", ")), 1000)));
    }
    return runs_.size() > 1 ? name
                            : fmt::format("{}  {:.4g} at step {:.0f}", name, curve->values.back(), curve->steps.back());
  }

  std::vector<std::string> plot(const std::string& name) const {
    std::vector<Curve> curves;
    for (const RunProgress& run : runs_) {
      const Curve* found = find_curve(run.curves, name);
      curves.push_back(found == nullptr ? Curve{name, {}, {}} : *found);
    }
    return text_plot(title(name), curves, style_);
  }

  void add_plots(std::vector<std::string>& lines) {
    const std::vector<std::string> names = wanted();
    const bool two = options_.columns >= 2 * side_by_side + gap && names.size() > 1;
    const Index across = two ? 2 : 1, down = (std::ssize(names) + across - 1) / across;
    style_.columns = two ? (options_.columns - gap) / 2 : options_.columns;
    style_.rows = usual_rows;
    // A plot has a blank line, a title and an axis.
    if (options_.rows > 0)
      style_.rows = std::clamp((options_.rows - std::ssize(lines)) / down - 3, least_rows, most_rows);
    for (std::size_t i = 0; i < names.size(); i += static_cast<std::size_t>(across)) {
      std::vector<std::string> row = plot(names[i]);
      if (two && i + 1 < names.size()) row = joined(row, plot(names[i + 1]), style_.columns);
      if (options_.rows > 0 && std::ssize(lines) + 1 + std::ssize(row) > options_.rows) return;
      lines.emplace_back();
      lines.insert(lines.end(), row.begin(), row.end());
    }
  }

  const WatchOptions& options_;
  std::vector<std::string> names_;
  std::vector<RunProgress> runs_;
  PlotStyle style_;
};

}  // namespace

WatchText watch_text(const std::vector<std::filesystem::path>& runs, const WatchOptions& options) {
  return View(runs, options).text();
}

}  // namespace gradus::report
