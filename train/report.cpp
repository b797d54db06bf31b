#include <gradus/train/report.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include <gradus/data/features.h>
#include <gradus/data/unicode.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::train {
namespace {

std::string padded(const std::string& text, std::size_t width, bool left) {
  const std::string blanks(width - std::min(width, data::width(text)), ' ');
  return left ? text + blanks : blanks + text;
}

std::string visible(const std::string& token) {
  const std::string_view feature = data::feature_name(token);
  return token == " " ? "_" : files::shown(feature.empty() ? token : feature);
}

std::string shade(double weight) {
  constexpr std::array<const char*, 5> shades = {"·", "░", "▒", "▓", "█"};
  const double level = std::clamp(weight, 0.0, 1.0) * 5;
  return shades[std::min<std::size_t>(4, static_cast<std::size_t>(std::isfinite(level) ? level : 0))];
}

}  // namespace

std::vector<LengthBucket> by_length(const std::vector<Index>& lengths, const std::vector<bool>& exact, Index most) {
  if (lengths.empty()) return {};
  const auto [shortest, longest] = std::minmax_element(lengths.begin(), lengths.end());
  const Index low = *shortest, width = (*longest - low) / most + 1;
  std::vector<LengthBucket> buckets(static_cast<std::size_t>((*longest - low) / width + 1));
  for (std::size_t b = 0; b < buckets.size(); ++b) {
    buckets[b].low = low + static_cast<Index>(b) * width;
    buckets[b].high = std::min(buckets[b].low + width - 1, *longest);
  }
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    LengthBucket& bucket = buckets[static_cast<std::size_t>((lengths[i] - low) / width)];
    ++bucket.pairs;
    bucket.exact += exact[i] ? 1 : 0;
  }
  std::erase_if(buckets, [](const LengthBucket& b) { return b.pairs == 0; });
  return buckets;
}

std::string range_name(const LengthBucket& b) {
  return b.low == b.high ? fmt::format("{}", b.low) : fmt::format("{}-{}", b.low, b.high);
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], data::width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += (i == 0 ? "" : "  ") + padded(row[i], widths[i], i == 0);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string attention_map(const Tensor& weights, const data::Tokens& source, const data::Tokens& output) {
  const Index rows = weights.size(0), columns = weights.size(1);
  const auto name = [](const data::Tokens& tokens, Index i) {
    return i < std::ssize(tokens) ? visible(tokens[static_cast<std::size_t>(i)]) : std::string("⏎");
  };
  std::size_t label = 1, cell = 1;
  for (Index r = 0; r < rows; ++r) label = std::max(label, data::width(name(output, r)));
  for (Index c = 0; c < columns; ++c) cell = std::max(cell, data::width(name(source, c)));

  std::string text(label + 1, ' ');
  for (Index c = 0; c < columns; ++c) text += ' ' + padded(name(source, c), cell, true);
  text.erase(text.find_last_not_of(' ') + 1);
  text += '\n';
  for (Index r = 0; r < rows; ++r) {
    text += padded(name(output, r), label, false) + ' ';
    for (Index c = 0; c < columns; ++c) {
      const double weight = dispatch_floating(weights.dtype(), [&](auto zero) {
        return static_cast<double>(weights.data<decltype(zero)>()[r * columns + c]);
      });
      text += ' ';
      for (std::size_t i = 0; i < cell; ++i) text += shade(weight);
    }
    text += '\n';
  }
  return text;
}

}  // namespace gradus::train
