#include <gradus/train/decode.h>

#include <string>

#include <gradus/train/internal/bytes.h>
#include <gradus/train/internal/together.h>

namespace gradus::train {
namespace {

void write(ByteWriter& to, const models::Hypotheses& hypotheses) {
  to.number(std::ssize(hypotheses));
  for (const models::Hypothesis& h : hypotheses) {
    to.list(h.ids);
    to.number(h.score);
    to.number(h.log_probability);
    to.list(h.word_log_probabilities);
    to.number(static_cast<char>(h.finished));
    to.tensor(h.attention_weights);
  }
}

models::Hypotheses read_hypotheses(ByteReader& from) {
  models::Hypotheses hypotheses(static_cast<std::size_t>(from.number<Index>()));
  for (models::Hypothesis& h : hypotheses) {
    h.ids = from.list<Index>();
    h.score = from.number<double>();
    h.log_probability = from.number<double>();
    h.word_log_probabilities = from.list<double>();
    h.finished = from.number<char>() != 0;
    h.attention_weights = from.tensor();
  }
  return hypotheses;
}

}  // namespace

std::vector<models::Hypotheses> decode(Ranks* ranks, const models::Seq2Seq& model, const models::Sentences& sources,
                                       const models::DecodeOptions& options, const models::Sentences& prefixes) {
  if (ranks == nullptr) return models::decode(model, sources, options, prefixes);
  // Sentence i is that of rank i modulo their number, because neighbours are often of similar length.
  const auto size = static_cast<std::size_t>(ranks->size());
  ByteWriter own;
  together(ranks, [&] {
    models::Sentences mine, beginnings;
    for (auto i = static_cast<std::size_t>(ranks->rank()); i < sources.size(); i += size) {
      mine.push_back(sources[i]);
      if (!prefixes.empty()) beginnings.push_back(prefixes[i]);
    }
    if (mine.empty()) return;
    for (const models::Hypotheses& h : models::decode(model, mine, options, beginnings)) write(own, h);
  });
  const std::vector<std::string> of_ranks = ranks->gather(own.bytes);
  std::vector<models::Hypotheses> all(sources.size());
  for (std::size_t r = 0; r < size; ++r) {
    ByteReader from(of_ranks[r]);
    for (std::size_t i = r; i < sources.size(); i += size) all[i] = read_hypotheses(from);
  }
  return all;
}

}  // namespace gradus::train
