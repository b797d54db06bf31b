#include <gradus/bench/exchange.h>

#include <functional>
#include <vector>

#include <gradus/train/internal/gradient_exchange.h>

namespace gradus::bench {
namespace {

Samples time_on_ranks(train::Ranks& ranks, double seconds, const std::function<void()>& run) {
  constexpr std::size_t least = 8;
  Samples times;
  const Stopwatch all;
  run();
  bool goes_on = true;
  while (goes_on) {
    ranks.any(false);  // all begin
    const Stopwatch one;
    run();
    times.add(one.seconds());
    goes_on = ranks.any(ranks.rank() == 0 && (times.size() < least || all.seconds() < seconds));
  }
  return times;
}

}  // namespace

Samples time_exchange(train::Ranks& ranks, Index bytes, double seconds) {
  const Index numel = bytes / static_cast<Index>(sizeof(float)),
              of_bucket = train::bucket_bytes / static_cast<Index>(sizeof(float));
  const Tensor block = Tensor::zeros({numel}, DType::f32);
  std::vector<train::Span> buckets;
  for (Index begin = 0; begin < numel; begin += of_bucket)
    buckets.push_back({begin, std::min(numel, begin + of_bucket)});
  train::GradientExchange exchange(ranks, ranks.size(), {block}, buckets, ranks.fast_reduce);
  return time_on_ranks(ranks, seconds, [&] {
    exchange.begin(ranks.size());
    exchange.complete_rest();
    exchange.finish();
  });
}

Samples time_gather(train::Ranks& ranks, double seconds) {
  return time_on_ranks(ranks, seconds, [&] { ranks.any(false); });
}

}  // namespace gradus::bench
