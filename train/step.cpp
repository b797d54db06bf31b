#include <gradus/train/step.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <optional>
#include <utility>

#include <gradus/autograd/checks/anomaly.h>
#include <gradus/autograd/engine/observer.h>
#include <gradus/autograd/foundation/internal/stopwatch.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/comparison.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/autograd/ops/softmax.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/losses.h>
#include <gradus/optim/clip.h>
#include <gradus/train/internal/bytes.h>
#include <gradus/train/internal/gradient_exchange.h>
#include <gradus/train/internal/scheduled_sampling.h>
#include <gradus/train/internal/shard_tree.h>
#include <gradus/train/internal/together.h>
#include <gradus/train/optimizers.h>

namespace gradus::train {

std::string names_of_rows(const char* what, const std::vector<Index>& rows, Index begin, Index end) {
  if (begin < 0 || end < begin || end > std::ssize(rows))
    throw Error(fmt::format("the {} [{}, {}) are not all in a batch of {}", what, begin, end, rows.size()));
  constexpr Index most = 64;
  const Index shown = std::min(most, end - begin);
  std::string text =
      fmt::format("training {} {}", what, fmt::join(rows.begin() + begin, rows.begin() + begin + shown, ", "));
  if (shown < end - begin) text += fmt::format(" and {} more", end - begin - shown);
  return text;
}

namespace {

// KL(p || q) + KL(q || p), with p and q the softmax of logits [batch, time, vocabulary], summed over the targets
// [batch, time] that are not padding.
Tensor divergence(const Tensor& p_logits, const Tensor& q_logits, const Tensor& target) {
  const Tensor log_p = log_softmax(p_logits, -1), log_q = log_softmax(q_logits, -1);
  const Tensor of_tokens = sum((exp(log_p) - exp(log_q)) * (log_p - log_q), {-1});
  return sum(masked_fill(of_tokens, target == static_cast<double>(data::pad_id), 0.0));
}

}  // namespace

PairBatch::PairBatch(const models::Seq2Seq& model, const TrainConfig& config, data::Batch batch, double progress)
    : model_(model),
      label_smoothing_(config.label_smoothing),
      r_drop_(config.r_drop),
      predicted_(config.scheduled_sampling * progress),
      batch_(std::move(batch)) {
  data::check(batch_);
  if (!(progress >= 0 && progress <= 1))
    throw Error(fmt::format("a batch of pairs: progress is {}; expected a share from 0 to 1", progress));
}

std::string PairBatch::names(Index begin, Index end) const { return names_of_rows("pairs", batch_.rows, begin, end); }

std::string PairBatch::size_advice() const {
  return fmt::format(
      "{} pairs of up to {} source and {} target tokens: leave long pairs out, or make train.batch or the model "
      "smaller",
      batch_.size, batch_.source_length, batch_.target_length);
}

Tensor PairBatch::loss(Index begin, Index end) const {
  data::Batch pairs = data::slice(batch_, begin, end);
  if (predicted_ > 0) mix_predictions(pairs, predicted_, model_);
  const Tensor source = Tensor::from(pairs.source, {pairs.size, pairs.source_length}),
               target_in = Tensor::from(pairs.target_in, {pairs.size, pairs.target_length}),
               target_out = Tensor::from(pairs.target_out, {pairs.size, pairs.target_length});
  const auto cross_entropy_of = [&](const Tensor& logits) {
    return nn::sequence_cross_entropy(
        logits, target_out, {.label_smoothing = label_smoothing_, .pad = data::pad_id, .reduction = Reduction::sum});
  };
  const Tensor logits = model_.logits(source, target_in),
               others = r_drop_ > 0 ? model_.logits(source, target_in) : Tensor();
  const Region region("loss");
  Tensor sum = cross_entropy_of(logits);
  if (others.defined())
    sum = (sum + cross_entropy_of(others)) * 0.5 + divergence(logits, others, target_out) * (0.25 * r_drop_);
  return sum * (1.0 / static_cast<double>(batch_.target_tokens));
}

TrainingStep::TrainingStep(const models::Seq2Seq& model, nn::ParameterStore& store, const TrainConfig& config,
                           Ranks* ranks)
    : TrainingStep(store, config, ranks) {
  model_ = &model;
}

TrainingStep::~TrainingStep() = default;

void TrainingStep::observe(std::vector<Observer*> observers) {
  if (!observers.empty() && observers.size() != blocks_.size() + 1)
    throw Error(fmt::format("TrainingStep::observe got {} observers; expected one for each of its {} shards, and one",
                            observers.size(), blocks_.size()));
  observers_ = std::move(observers);
}

namespace {

// The shards of this rank. Throws Error when there are more ranks than shards.
Span shards_of(const Ranks* ranks, Index shards) {
  if (ranks == nullptr) return {0, shards};
  if (ranks->size() > shards) {
    throw Error(
        fmt::format("{0} ranks cannot share the {1} of train.shards = {2}: start at most {2} ranks, or train a new run "
                    "with more shards (--set train.shards={0})",
                    ranks->size(), shards == 1 ? "shard" : "shards", shards));
  }
  return cut({0, shards}, ranks->size())[static_cast<std::size_t>(ranks->rank())];
}

// The last parameters first, since backward ends with the first ones. Each bucket has whole parameters.
std::vector<Span> buckets_of(const std::vector<Tensor>& slices, Index numel) {
  std::vector<Span> buckets;
  Index end = numel;
  for (std::size_t i = slices.size(); i-- > 0;) {
    const Index begin = i == 0 ? 0 : slices[i].offset();
    if (i > 0 && (end - begin) * size_of(slices[i].dtype()) < bucket_bytes) continue;
    buckets.push_back({begin, end});
    end = begin;
  }
  return buckets;
}

}  // namespace

TrainingStep::TrainingStep(nn::ParameterStore& store, const TrainConfig& config, Ranks* ranks)
    : config_(config), parameters_(store.trainable()), ranks_(ranks) {
  check(config);
  const Span own = shards_of(ranks, config.shards);
  store.flatten();
  const auto shards = static_cast<std::size_t>(own.end - own.begin);
  first_shard_ = own.begin;
  gradients_.resize(shards);
  std::vector<Span> buckets;
  for (std::size_t k = 0; k < shards; ++k) {
    blocks_.push_back(Tensor::zeros(store.block().shape(), store.dtype()));
    const std::vector<Tensor> slices = store.slices_of(blocks_[k]);
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      gradients_[k].bind(parameters_[i], slices[i]);
      if (k == 0) parameters_[i].set_grad(slices[i]);
    }
    if (k == 0) buckets = buckets_of(slices, blocks_[k].numel());
  }
  parameter_block_ = store.block();
  if (ranks != nullptr && ranks->shard_optimizer)
    share_parameters();
  else
    optimizer_ = make_optimizer(config, parameters_);
  for (const Tensor& p : parameters_) {
    const Index at = p.offset();
    const auto has = [&](const Span& bucket) { return bucket.begin <= at && at < bucket.end; };
    bucket_of_.push_back(
        static_cast<std::size_t>(std::find_if(buckets.begin(), buckets.end() - 1, has) - buckets.begin()));
  }
  if (ranks != nullptr)
    exchange_ = std::make_unique<GradientExchange>(*ranks, config.shards, blocks_, buckets, ranks->fast_reduce);
}

// Gives each rank neighbouring parameters of about the same size in all, and makes the optimiser of those of this rank.
void TrainingStep::share_parameters() {
  const Index numel = parameter_block_.numel(), ranks = ranks_->size();
  std::vector<Tensor> own;
  for (const Tensor& p : parameters_) {
    const Index middle = p.offset() + p.numel() / 2, rank = std::min(ranks - 1, middle * ranks / numel);
    while (std::ssize(shares_) <= rank) shares_.push_back(p.offset());
    (rank == ranks_->rank() ? own : others_).push_back(p);
  }
  shares_.resize(static_cast<std::size_t>(ranks) + 1, numel);
  for (Index r = 0; r < ranks; ++r) {
    const auto at = static_cast<std::size_t>(r);
    if (shares_[at] == shares_[at + 1])
      throw Error(
          fmt::format("{} ranks are too many to share the state of {} parameters; train without "
                      "--shard-optimizer, or on fewer ranks",
                      ranks, parameters_.size()));
  }
  optimizer_ = make_optimizer(config_, own);
}

// Sends the parameters of this rank to the others.
void TrainingStep::spread_parameters() {
  dispatch_floating(parameter_block_.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Parts parts{reinterpret_cast<std::byte*>(parameter_block_.mutable_data<T>()), {}};
    for (const Index at : shares_) parts.at.push_back(at * static_cast<Index>(sizeof(T)));
    ranks_->wait(*ranks_->start_spread(parts));
  });
}

namespace {

// The bytes of rank `from`, on rank 0.
std::string brought_to_first(Ranks& ranks, Index from, std::string bytes, Index size) {
  const bool first = ranks.rank() == 0;
  if (first) bytes.resize(static_cast<std::size_t>(size));
  Parts send{nullptr, {0}}, receive{nullptr, {0}};
  for (Index r = 0; r < ranks.size(); ++r) {
    send.at.push_back(ranks.rank() == from ? size : 0);
    receive.at.push_back(first && r >= from ? size : 0);
  }
  (first ? receive : send).data = reinterpret_cast<std::byte*>(bytes.data());
  ranks.wait(*ranks.start_exchange(send, receive));
  return bytes;
}

}  // namespace

optim::State TrainingStep::optimizer_state() const {
  optim::State state = optimizer_->state();
  if (shares_.empty()) return state;
  // One tensor at a time, so that a rank holds no more than one beside its own.
  const auto packed = [&](const std::string& name) {
    ByteWriter to;
    to.tensor(state.at(name));
    return std::move(to.bytes);
  };
  ByteWriter own;
  for (const auto& [name, tensor] : state) {
    own.text(name);
    own.number(std::ssize(packed(name)));
  }
  const std::vector<std::string> of_ranks = ranks_->gather(own.bytes);
  for (Index r = 1; r < ranks_->size(); ++r) {
    for (ByteReader from(of_ranks[static_cast<std::size_t>(r)]); !from.ended();) {
      const std::string name = from.text();
      const Index size = from.number<Index>();
      const std::string bytes = brought_to_first(*ranks_, r, ranks_->rank() == r ? packed(name) : std::string(), size);
      if (ranks_->rank() == 0) state[name] = ByteReader(bytes).tensor();
    }
  }
  return state;
}

TrainingStep::Overlap TrainingStep::overlap() const {
  if (!exchange_) return {};
  const auto& seconds = exchange_->seconds();
  return {.hidden = seconds.all > 0 ? std::max(0.0, 1 - seconds.exposed / seconds.all) : 0, .seconds = seconds.all};
}

TrainingStep::Result TrainingStep::run(const data::Batch& batch, Index step, double lr, double progress) {
  if (model_ == nullptr) throw Error("TrainingStep: it has no model of pairs; give the model to its constructor");
  return run(PairBatch(*model_, config_, batch, progress), step, lr);
}

TrainingStep::Result TrainingStep::run(const StepBatch& batch, Index step, double lr) {
  if (batch.size() < 1) throw Error(fmt::format("step {}: the batch is empty", step + 1));
  const std::vector<Span> shards = cut({0, batch.size()}, config_.shards);
  const Stopwatch shard_time;
  const double exposed_before = exchange_ ? exchange_->seconds().exposed : 0;
  const std::vector<ShardResult> of_shards = ranks_ == nullptr
                                                 ? run_shards_of(batch, shards, {0, std::ssize(shards)}, step)
                                                 : run_with_ranks(batch, shards, step);
  Result result;
  result.target_tokens = batch.target_tokens();
  ShardResult sum;
  for (const ShardResult& s : of_shards) {
    sum.loss += s.loss;
    sum.forward_seconds += s.forward_seconds;
    sum.backward_seconds += s.backward_seconds;
  }
  result.loss = sum.loss;
  if (exchange_) result.seconds.exchange = exchange_->seconds().exposed - exposed_before;
  const double both = sum.forward_seconds + sum.backward_seconds;  // 0 for a rank without examples
  const double shard_seconds = shard_time.seconds() - result.seconds.exchange;
  if (both > 0) result.seconds.forward = shard_seconds * sum.forward_seconds / both;
  result.seconds.backward = shard_seconds - result.seconds.forward;
  if (!std::isfinite(result.loss)) refuse(fmt::format("the loss of step {} is {}", step + 1, result.loss), batch, step);
  const ObserverScope observed(observers_.empty() ? observer() : observers_.back());
  std::optional<Region> part(std::in_place, "clip");
  const Stopwatch clip_time;
  if (ranks_ == nullptr) add_blocks(std::ssize(shards));
  const double longest = config_.clip > 0 ? config_.clip : std::numeric_limits<double>::infinity();
  const optim::Clip clip = optim::clip_scale(parameters_, longest);
  result.grad_norm = clip.norm;
  if (!clip.finite())
    refuse(fmt::format("the gradient of step {} is not finite, its loss is {}", step + 1, result.loss), batch, step);
  result.seconds.clip = clip_time.seconds();
  part.emplace("update");
  const Stopwatch update_time;
  optimizer_->step(lr, clip.scale);
  if (!shares_.empty()) spread_parameters();
  result.seconds.update = update_time.seconds();
  return result;
}

// Runs the shards of `own` on this process.
std::vector<TrainingStep::ShardResult> TrainingStep::run_shards_of(const StepBatch& batch,
                                                                   const std::vector<Span>& shards, Span own,
                                                                   Index step) {
  std::vector<ShardResult> results(static_cast<std::size_t>(own.end - own.begin));
  run_shards(std::ssize(results), [&](Index i) {
    const Index k = own.begin + i;
    const Span shard = shards[static_cast<std::size_t>(k)];
    try {
      results[static_cast<std::size_t>(i)] = run_shard(batch, shard, k, step);
    } catch (const OutOfMemory&) {
      throw;
    } catch (const Error& e) {
      throw Error(fmt::format("step {}, {}: {}", step + 1, batch.names(shard.begin, shard.end), e.what()));
    }
  });
  return results;
}

// Runs the shards of this rank and adds the gradients of all ranks. The losses are those of all shards, the times those
// of this rank.
std::vector<TrainingStep::ShardResult> TrainingStep::run_with_ranks(const StepBatch& batch,
                                                                    const std::vector<Span>& shards, Index step) {
  const Index used = std::ssize(shards);
  std::vector<ShardResult> own;
  together(ranks_, [&] {
    std::exception_ptr problem;
    exchange_->begin(used);
    try {
      own = run_shards_of(batch, shards, exchange_->shards_of(ranks_->rank()), step);
    } catch (...) {
      problem = std::current_exception();
    }
    exchange_->complete_rest();  // also after an error: the other ranks wait for the gradients
    exchange_->finish();
    if (problem) std::rethrow_exception(problem);
  });
  std::vector<double> losses(static_cast<std::size_t>((config_.shards + ranks_->size() - 1) / ranks_->size()));
  for (std::size_t i = 0; i < own.size(); ++i) losses[i] = own[i].loss;
  const std::vector<std::vector<double>> of_ranks = ranks_->gather(losses);
  std::vector<ShardResult> all(shards.size());
  for (Index r = 0; r < ranks_->size(); ++r) {
    const Span theirs = exchange_->shards_of(r);
    for (Index k = theirs.begin; k < theirs.end; ++k)
      all[static_cast<std::size_t>(k)].loss =
          of_ranks[static_cast<std::size_t>(r)][static_cast<std::size_t>(k - theirs.begin)];
  }
  for (const ShardResult& mine : own) {
    all[0].forward_seconds += mine.forward_seconds;
    all[0].backward_seconds += mine.backward_seconds;
  }
  return all;
}

void TrainingStep::refuse(const std::string& what, const StepBatch& batch, Index step) const {
  throw Error(fmt::format(
      "{} ({}): training stops with the parameters of step {}, and checkpoints stay as they are; {}a lower train.lr or "
      "train.clip may help",
      what, batch.names(0, batch.size()), step,
      config_.detect_nan ? "" : "--detect-nan (train.detect_nan = true) names the op where it begins; "));
}

TrainingStep::ShardResult TrainingStep::run_shard(const StepBatch& batch, Span shard, Index k, Index step) {
  const auto here = static_cast<std::size_t>(k - first_shard_);
  gradients_[here].restart();
  const std::vector<Span> parts = cut(shard, config_.accumulate);
  ShardResult sum;
  for (std::size_t j = 0; j < parts.size(); ++j) {
    const Index stream = step * most_parts + k * config_.accumulate + static_cast<Index>(j);
    const RandomScope random(static_cast<std::uint64_t>(config_.seed), static_cast<std::uint64_t>(stream));
    const nn::Training training;
    std::optional<Bf16Products> bf16_products;
    if (config_.precision == Precision::bf16) bf16_products.emplace();
    const DetectAnomaly anomaly(config_.detect_nan);
    const ObserverScope observed(observers_.empty() ? observer() : observers_[here]);
    const Stopwatch forward_time;
    const Tensor loss = [&] {
      const Region region("forward");
      return batch.loss(parts[j].begin, parts[j].end);
    }();
    sum.loss += loss.item();
    sum.forward_seconds += forward_time.seconds();
    const Stopwatch backward_time;
    const Region region("backward");
    if (exchange_ && j + 1 == parts.size()) report_complete(here);
    backward(loss, {.into = &gradients_[here]});
    sum.backward_seconds += backward_time.seconds();
  }
  return sum;
}

// In the next backward run, the exchange gets each bucket of the shard as soon as its last gradient is complete.
void TrainingStep::report_complete(std::size_t here) {
  std::vector<Index> missing(exchange_->buckets().size());
  for (const std::size_t bucket : bucket_of_) ++missing[bucket];
  gradients_[here].notify([this, missing](std::size_t parameter) mutable {
    const std::size_t bucket = bucket_of_[parameter];
    if (--missing[bucket] == 0) exchange_->complete(bucket);
  });
}

// blocks_[0] += the others, as ((0 + 1) + (2 + 3)) + ..., piece by piece.
void TrainingStep::add_blocks(Index used) {
  if (used < 2) return;
  const ShardTree tree(used, used, 1);
  dispatch_floating(blocks_[0].dtype(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<T*> at;
    for (Index k = 0; k < used; ++k) at.push_back(blocks_[static_cast<std::size_t>(k)].mutable_data<T>());
    add_in_parallel(at, tree.inside(0), {0, blocks_[0].numel()});
  });
}

}  // namespace gradus::train
