#include <gradus/train/evaluate.h>

#include <algorithm>

#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/losses.h>
#include <gradus/train/dataset.h>
#include <gradus/train/decode.h>
#include <gradus/train/internal/together.h>

namespace gradus::train {

std::vector<Index> source_ids(const data::Vocabulary& vocabulary, const data::Tokens& tokens) {
  std::vector<Index> ids = vocabulary.encode(tokens);
  ids.push_back(data::eos_id);
  return ids;
}

Evaluation evaluate(const models::Seq2Seq& model, const data::Vocabulary& source, const data::Vocabulary& target,
                    const std::vector<data::ReferenceSet>& references, const models::DecodeOptions& options,
                    Ranks* ranks) {
  std::vector<std::vector<Index>> sources;
  sources.reserve(references.size());
  for (const data::ReferenceSet& set : references) sources.push_back(source_ids(source, set.source));

  Evaluation result;
  const auto found = decode(ranks, model, sources, options);
  for (std::size_t i = 0; i < references.size(); ++i) {
    const models::Hypothesis& best = found[i].front();
    const auto& wanted = references[i].references;
    result.outputs.push_back(target.decode(best.ids));
    result.exact.push_back(std::find(wanted.begin(), wanted.end(), result.outputs.back()) != wanted.end());
    result.unfinished += best.finished ? 0 : 1;
  }
  result.score = data::score(result.outputs, references);
  return result;
}

data::Texts texts_of(const RunConfig& config, const std::vector<data::Tokens>& outputs,
                     const std::vector<data::ReferenceSet>& sets) {
  const data::Tokenizer tokenizer = target_tokenizer(config);
  data::Texts texts;
  for (const data::Tokens& output : outputs) texts.outputs.push_back(join(output, tokenizer));
  for (const data::ReferenceSet& set : sets) {
    std::vector<std::string>& own = texts.references.emplace_back();
    for (const data::Tokens& reference : set.references) own.push_back(join(reference, tokenizer));
  }
  return texts;
}

double mean_loss(const models::Seq2Seq& model, const std::vector<data::EncodedPair>& pairs,
                 const std::function<bool()>& stop, Ranks* ranks) {
  const auto plan = data::plan_batches(pairs, {.size = 64, .shuffle = false});
  // Batch k is that of rank k modulo their number.
  const Index first = ranks == nullptr ? 0 : ranks->rank(), stride = ranks == nullptr ? 1 : ranks->size();
  std::vector<double> sums(plan.size()), tokens(plan.size());
  const auto run_batch = [&](Index i) {
    if (stop && stop()) throw models::Stopped();
    const NoGrad no_grad;
    const nn::Training in_use(false);
    const auto k = static_cast<std::size_t>(i);
    const data::Batch b = data::make_batch(pairs, plan[k]);
    const Tensor logits = model.logits(Tensor::from(b.source, {b.size, b.source_length}),
                                       Tensor::from(b.target_in, {b.size, b.target_length}));
    sums[k] = nn::sequence_cross_entropy(logits, Tensor::from(b.target_out, {b.size, b.target_length}),
                                         {.pad = data::pad_id, .reduction = Reduction::sum})
                  .item();
    tokens[k] = static_cast<double>(b.target_tokens);
  };
  together(ranks, [&] {
    const Index own = std::max<Index>(0, std::ssize(plan) - first + stride - 1) / stride;
    run_shards(own, [&](Index i) { run_batch(first + i * stride); });
  });
  if (ranks != nullptr) {
    for (std::vector<double>* of_batches : {&sums, &tokens}) {
      const std::vector<std::vector<double>> of_ranks = ranks->gather(*of_batches);
      for (std::size_t k = 0; k < plan.size(); ++k) (*of_batches)[k] = of_ranks[k % of_ranks.size()][k];
    }
  }
  double sum = 0;
  Index count = 0;
  for (std::size_t k = 0; k < plan.size(); ++k) {
    sum += sums[k];
    count += tokens[k];
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

}  // namespace gradus::train
