#include <gradus/report/text_plot.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include <gradus/data/unicode.h>

namespace gradus::report {
namespace {

// Colours of Okabe and Ito, which colour-blind readers tell apart, as the nearest ones of 256.
constexpr std::array<int, 7> colors = {39, 214, 36, 169, 208, 227, 25};

bool has_letters(std::size_t count, const PlotStyle& style) { return count > 1 && !style.colors; }

char letter(std::size_t curve) { return static_cast<char>('a' + curve % 26); }

std::string colored(std::size_t curve, const std::string& text) {
  return fmt::format("\033[38;5;{}m{}\033[0m", colors[curve % colors.size()], text);
}

// The character of U+2800 to U+28FF with these dots, in UTF-8.
std::string braille(unsigned dots) {
  return {static_cast<char>(0xE2), static_cast<char>(0xA0 + (dots >> 6)), static_cast<char>(0x80 + (dots & 0x3F))};
}

// Cells of dots. The dots of a cell are bits, row by row.
class Canvas {
 public:
  Canvas(Index columns, Index rows, Index wide, Index high)
      : columns_(columns), rows_(rows), wide_(wide), high_(high), cells_(static_cast<std::size_t>(columns * rows)) {}

  Index width() const { return columns_ * wide_; }
  Index height() const { return rows_ * high_; }

  // Rows count from the top.
  void dot(Index x, Index y, std::size_t curve) {
    Cell& cell = cells_[static_cast<std::size_t>(y / high_ * columns_ + x / wide_)];
    cell.dots |= 1U << (y % high_ * wide_ + x % wide_);
    cell.curve = curve;
  }

  void line(Index x, Index y, Index to_x, Index to_y, std::size_t curve) {
    const Index dots = std::max({std::abs(to_x - x), std::abs(to_y - y), Index{1}});
    for (Index i = 0; i <= dots; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(dots);
      dot(x + std::lround(share * static_cast<double>(to_x - x)),
          y + std::lround(share * static_cast<double>(to_y - y)), curve);
    }
  }

  std::string row(Index r, std::size_t count, const PlotStyle& style) const {
    std::string text;
    for (Index c = 0; c < columns_; ++c) {
      const Cell& cell = cells_[static_cast<std::size_t>(r * columns_ + c)];
      if (cell.dots == 0) {
        text += ' ';
      } else if (has_letters(count, style)) {
        text += letter(cell.curve);
      } else {
        const std::string mark = style.marks == Marks::braille ? braille_of(cell.dots) : std::string(1, ascii_of(cell));
        text += count > 1 ? colored(cell.curve, mark) : mark;
      }
    }
    return text;
  }

 private:
  struct Cell {
    unsigned dots = 0;
    std::size_t curve = 0;
  };

  // Unicode numbers the dots of the first three rows down each column, then those of the fourth.
  static std::string braille_of(unsigned dots) {
    constexpr std::array<unsigned, 8> bits = {0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80};
    unsigned pattern = 0;
    for (std::size_t i = 0; i < bits.size(); ++i)
      if ((dots >> i & 1U) != 0) pattern |= bits[i];
    return braille(pattern);
  }
  static char ascii_of(const Cell& cell) { return std::string_view(" '.:")[cell.dots]; }

  Index columns_, rows_, wide_, high_;
  std::vector<Cell> cells_;
};

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();

  bool empty() const { return low > high; }
  // From 0 for `low` to 1 for `high`; 1 where both are equal. The halves cannot overflow.
  double share(double value) const {
    const double share = high > low ? (value / 2 - low / 2) / (high / 2 - low / 2) : 1;
    return std::isfinite(share) ? std::clamp(share, 0.0, 1.0) : 0;
  }
};

Range range_of(const std::vector<Curve>& curves) {
  Range range;
  for (const Curve& curve : curves) {
    for (const double value : curve.values) {
      if (!std::isfinite(value)) continue;
      range.low = std::min(range.low, value);
      range.high = std::max(range.high, value);
    }
  }
  return range;
}

void draw(Canvas& canvas, const Curve& curve, std::size_t number, const Range& values, const Range& steps) {
  const auto at = [](double share, Index dots) {
    return static_cast<Index>(std::lround(share * static_cast<double>(dots - 1)));
  };
  Index x = -1, y = 0;
  for (std::size_t i = 0; i < curve.values.size(); ++i) {
    if (!std::isfinite(curve.values[i]) || !std::isfinite(curve.steps[i])) continue;
    const Index to_x = at(steps.share(curve.steps[i]), canvas.width()),
                to_y = at(1 - values.share(curve.values[i]), canvas.height());
    if (x < 0)
      canvas.dot(to_x, to_y, number);
    else
      canvas.line(x, y, to_x, to_y, number);
    x = to_x;
    y = to_y;
  }
}

std::string number(double value) { return fmt::format("{:.4g}", value); }

std::string cut(const std::string& text, Index columns) {
  return data::cut_to_width(text, static_cast<std::size_t>(std::max(columns, Index{0})));
}

// The first and the last step below the plot.
std::string axis(const Range& steps, Index margin, Index columns, bool utf8) {
  const std::string first = fmt::format("{:.0f}", steps.low), last = fmt::format("{:.0f}", steps.high);
  const Index blanks = std::max<Index>(columns - std::ssize(first) - std::ssize(last), 1);
  return std::string(static_cast<std::size_t>(margin - 1), ' ') + (utf8 ? "└" : "+") + first +
         std::string(static_cast<std::size_t>(blanks), ' ') + last;
}

}  // namespace

std::vector<std::string> text_plot(const std::string& title, const std::vector<Curve>& curves, const PlotStyle& style) {
  std::vector<std::string> lines = {cut(title, style.columns)};
  const Range values = range_of(curves), steps{style.first_step, style.last_step};
  if (values.empty()) return lines;
  const std::string high = number(values.high), low = number(values.low);
  const Index label = std::max(std::ssize(high), std::ssize(low)), columns = style.columns - label - 1;
  if (columns < 4) return lines;
  const bool utf8 = style.marks == Marks::braille, letters = has_letters(curves.size(), style);
  Canvas canvas(columns, style.rows, letters ? 1 : utf8 ? 2 : 1, letters ? 1 : utf8 ? 4 : 2);
  for (std::size_t i = 0; i < curves.size(); ++i) draw(canvas, curves[i], i, values, steps);
  for (Index r = 0; r < style.rows; ++r) {
    const std::string shown = r == 0 ? high : r == style.rows - 1 && low != high ? low : "";
    std::string line = fmt::format("{:>{}}{}", shown, label,
                                   shown.empty() ? (utf8 ? "│" : "|")
                                   : utf8        ? "┤"
                                                 : "+") +
                       canvas.row(r, curves.size(), style);
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  lines.push_back(cut(axis(steps, label + 1, columns, utf8), style.columns));
  return lines;
}

std::string curve_mark(std::size_t curve, std::size_t count, const PlotStyle& style) {
  if (count < 2) return "";
  if (!style.colors) return std::string(1, letter(curve));
  return colored(curve, style.marks == Marks::braille ? "━━" : "--");
}

}  // namespace gradus::report
