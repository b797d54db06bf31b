#include <gradus/models/internal/sampling.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace gradus::models {
namespace {

struct Choice {
  double weight;  // not normalised
  Index id;
};

double total(const std::vector<Choice>& words) {
  double sum = 0;
  for (const Choice& w : words) sum += w.weight;
  return sum;
}

// The fewest first words with a share of the weight. The words are sorted by weight.
void keep_share(std::vector<Choice>& words, double share) {
  const double enough = share * total(words);
  double sum = 0;
  std::size_t kept = 0;
  while (kept < words.size() && (kept == 0 || sum < enough)) sum += words[kept++].weight;
  words.resize(kept);
}

}  // namespace

Index draw_word(const std::vector<double>& log_p, const DecodeOptions& o, double u) {
  std::vector<Choice> words;
  double best = -std::numeric_limits<double>::infinity();
  for (Index id = 0; id < std::ssize(log_p); ++id) {
    if (id == o.pad || id == o.bos) continue;
    words.push_back({log_p[static_cast<std::size_t>(id)], id});
    best = std::max(best, words.back().weight);
  }
  for (Choice& w : words) w.weight = std::exp((w.weight - best) / o.temperature);
  const bool few = o.top_k > 0 && o.top_k < std::ssize(words);
  if (few || o.top_p < 1) {
    std::sort(words.begin(), words.end(), [](const Choice& a, const Choice& b) {
      return a.weight != b.weight ? a.weight > b.weight : a.id < b.id;
    });
  }
  if (few) words.resize(static_cast<std::size_t>(o.top_k));
  if (o.top_p < 1) keep_share(words, o.top_p);

  double left = u * total(words);
  Index last = words.front().id;
  for (const Choice& w : words) {
    if (w.weight <= 0) continue;
    last = w.id;
    if (left < w.weight) break;
    left -= w.weight;
  }
  return last;
}

}  // namespace gradus::models
