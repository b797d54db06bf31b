#include <gradus/train/step.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
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
#include <gradus/train/internal/scheduled_sampling.h>
#include <gradus/train/optimizers.h>

namespace gradus::train {

std::string names_of_rows(const char* what, const std::vector<Index>& rows, Index begin, Index end) {
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
      batch_(std::move(batch)) {}

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

TrainingStep::TrainingStep(const models::Seq2Seq& model, nn::ParameterStore& store, const TrainConfig& config)
    : TrainingStep(store, config) {
  model_ = &model;
}

void TrainingStep::observe(std::vector<Observer*> observers) {
  if (!observers.empty() && observers.size() != blocks_.size() + 1)
    throw Error(fmt::format("TrainingStep::observe got {} observers; expected one for each of its {} shards, and one",
                            observers.size(), blocks_.size()));
  observers_ = std::move(observers);
}

TrainingStep::TrainingStep(nn::ParameterStore& store, const TrainConfig& config)
    : config_(config), parameters_(store.trainable()) {
  store.flatten();
  const auto shards = static_cast<std::size_t>(config.shards);
  gradients_.resize(shards);
  for (std::size_t k = 0; k < shards; ++k) {
    blocks_.push_back(Tensor::zeros(store.block().shape(), store.dtype()));
    const std::vector<Tensor> slices = store.slices_of(blocks_[k]);
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      gradients_[k].bind(parameters_[i], slices[i]);
      if (k == 0) parameters_[i].set_grad(slices[i]);
    }
  }
  optimizer_ = make_optimizer(config, parameters_);
}

// At most `pieces` spans of about the same length.
std::vector<TrainingStep::Span> TrainingStep::cut(Span whole, Index pieces) {
  const Index size = whole.end - whole.begin, count = std::min(pieces, size);
  std::vector<Span> spans;
  for (Index i = 0; i < count; ++i)
    spans.push_back({whole.begin + size * i / count, whole.begin + size * (i + 1) / count});
  return spans;
}

TrainingStep::Result TrainingStep::run(const data::Batch& batch, Index step, double lr, double progress) {
  if (model_ == nullptr) throw Error("TrainingStep: it has no model of pairs; give the model to its constructor");
  return run(PairBatch(*model_, config_, batch, progress), step, lr);
}

TrainingStep::Result TrainingStep::run(const StepBatch& batch, Index step, double lr) {
  if (batch.size() < 1) throw Error(fmt::format("step {}: the batch is empty", step + 1));
  const std::vector<Span> shards = cut({0, batch.size()}, config_.shards);
  std::vector<ShardResult> of_shards(shards.size());
  const Stopwatch shard_time;
  run_shards(std::ssize(shards), [&](Index i) {
    const auto k = static_cast<std::size_t>(i);
    try {
      of_shards[k] = run_shard(batch, shards[k], k, step);
    } catch (const OutOfMemory&) {
      throw;
    } catch (const Error& e) {
      throw Error(fmt::format("step {}, {}: {}", step + 1, batch.names(shards[k].begin, shards[k].end), e.what()));
    }
  });
  Result result;
  result.target_tokens = batch.target_tokens();
  ShardResult sum;
  for (const ShardResult& s : of_shards) {
    sum.loss += s.loss;
    sum.forward_seconds += s.forward_seconds;
    sum.backward_seconds += s.backward_seconds;
  }
  result.loss = sum.loss;
  result.seconds.forward = shard_time.seconds() * sum.forward_seconds / (sum.forward_seconds + sum.backward_seconds);
  result.seconds.backward = shard_time.seconds() - result.seconds.forward;
  if (!std::isfinite(result.loss)) refuse(fmt::format("the loss of step {} is {}", step + 1, result.loss), batch, step);
  const ObserverScope observed(observers_.empty() ? observer() : observers_.back());
  std::optional<Region> part(std::in_place, "clip");
  const Stopwatch clip_time;
  add_blocks(shards.size());
  const double longest = config_.clip > 0 ? config_.clip : std::numeric_limits<double>::infinity();
  const optim::Clip clip = optim::clip_scale(parameters_, longest);
  result.grad_norm = clip.norm;
  if (!clip.finite())
    refuse(fmt::format("the gradient of step {} is not finite, its loss is {}", step + 1, result.loss), batch, step);
  result.seconds.clip = clip_time.seconds();
  part.emplace("update");
  const Stopwatch update_time;
  optimizer_->step(lr, clip.scale);
  result.seconds.update = update_time.seconds();
  return result;
}

void TrainingStep::refuse(const std::string& what, const StepBatch& batch, Index step) const {
  throw Error(fmt::format(
      "{} ({}): training stops with the parameters of step {}, and checkpoints stay as they are; {}a lower train.lr or "
      "train.clip may help",
      what, batch.names(0, batch.size()), step,
      config_.detect_nan ? "" : "--detect-nan (train.detect_nan = true) names the op where it begins; "));
}

TrainingStep::ShardResult TrainingStep::run_shard(const StepBatch& batch, Span shard, std::size_t k, Index step) {
  gradients_[k].restart();
  const std::vector<Span> parts = cut(shard, config_.accumulate);
  ShardResult sum;
  for (std::size_t j = 0; j < parts.size(); ++j) {
    const Index stream = step * most_parts + static_cast<Index>(k) * config_.accumulate + static_cast<Index>(j);
    const RandomScope random(static_cast<std::uint64_t>(config_.seed), static_cast<std::uint64_t>(stream));
    const nn::Training training;
    std::optional<Bf16Products> bf16_products;
    if (config_.precision == Precision::bf16) bf16_products.emplace();
    const DetectAnomaly anomaly(config_.detect_nan);
    const ObserverScope observed(observers_.empty() ? observer() : observers_[k]);
    const Stopwatch forward_time;
    const Tensor loss = [&] {
      const Region region("forward");
      return batch.loss(parts[j].begin, parts[j].end);
    }();
    sum.loss += loss.item();
    sum.forward_seconds += forward_time.seconds();
    const Stopwatch backward_time;
    const Region region("backward");
    backward(loss, {.into = &gradients_[k]});
    sum.backward_seconds += backward_time.seconds();
  }
  return sum;
}

// blocks_[0] += the others, as ((0 + 1) + (2 + 3)) + ..., piece by piece.
void TrainingStep::add_blocks(std::size_t used) {
  if (used < 2) return;
  constexpr Index piece = 16384;
  dispatch_floating(blocks_[0].dtype(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<T*> at;
    for (std::size_t k = 0; k < used; ++k) at.push_back(blocks_[k].mutable_data<T>());
    parallel_for(blocks_[0].numel(), piece, [&](Index begin, Index end) {
      for (std::size_t stride = 1; stride < used; stride *= 2) {
        for (std::size_t k = 0; k + stride < used; k += 2 * stride) {
          T* into = at[k];
          const T* from = at[k + stride];
          for (Index i = begin; i < end; ++i) into[i] += from[i];
        }
      }
    });
  });
}

}  // namespace gradus::train
