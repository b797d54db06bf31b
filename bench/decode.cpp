#include <gradus/bench/decode.h>

#include <gradus/autograd/foundation/internal/stopwatch.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/models/decode.h>
#include <gradus/models/registry.h>
#include <gradus/nn/parameters.h>

namespace gradus::bench {

DecodeTimes time_decode(const StepSetup& setup, const DecodeWork& work, double seconds) {
  nn::ParameterStore store(static_cast<std::uint64_t>(setup.run.train.seed));
  const auto model = models::make_model(store.root(), setup.run.model);
  DecodeTimes times{.round = {}, .sentences = work.batch == 1 ? 1 : work.batch * threads()};
  StepSetup drawn = setup;
  drawn.run.train.batch = times.sentences;
  std::vector<models::Sentences> rounds;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const std::vector<data::Id> ids = draw_batch(drawn, setup.source, 1, seed).source;
    models::Sentences& sentences = rounds.emplace_back();
    for (auto row = ids.begin(); row != ids.end(); row += setup.source) sentences.emplace_back(row, row + setup.source);
  }
  const models::DecodeOptions options{
      .beam = work.beam, .max_length = setup.target, .batch = work.batch, .eos = models::no_eos};
  const RowInvariant kept_weights;  // for all rounds, as in `gradus decode`
  Index i = 0;
  const auto run = [&] { models::decode(*model, rounds[static_cast<std::size_t>(i++ % 8)], options); };
  run();
  for (const Stopwatch all; times.round.size() < 9 || (all.seconds() < seconds && times.round.size() < 5000);) {
    const Stopwatch one;
    run();
    times.round.add(one.seconds());
  }
  return times;
}

}  // namespace gradus::bench
