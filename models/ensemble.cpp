#include <gradus/models/ensemble.h>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/autograd/ops/softmax.h>

namespace gradus::models {
namespace {

// log of the mean of the softmax of each model's logits [..., words], without a loss of small probabilities.
Tensor mean_in_logs(const std::vector<Tensor>& logits) {
  std::vector<Tensor> log_p;
  for (std::size_t m = 0; m < logits.size(); ++m) {
    if (logits[m].size(-1) != logits[0].size(-1)) {
      throw Error(fmt::format("ensemble: model {} has {} words and model 0 has {}; expected equal vocabularies", m,
                              logits[m].size(-1), logits[0].size(-1)));
    }
    log_p.push_back(log_softmax(logits[m], -1));
  }
  return logsumexp(stack(log_p, 0), 0) - std::log(static_cast<double>(logits.size()));
}

}  // namespace

Ensemble::Ensemble(std::vector<std::shared_ptr<const Seq2Seq>> models) : models_(std::move(models)) {
  if (models_.empty()) throw Error("ensemble: there is no model; expected at least 1");
  for (std::size_t m = 0; m < models_.size(); ++m)
    if (models_[m] == nullptr) throw Error(fmt::format("ensemble: model {} is null", m));
}

State Ensemble::encode(const Tensor& source) const {
  State state;
  for (const auto& model : models_) state.parts.push_back(model->encode(source));
  return state;
}

Step Ensemble::step(const Tensor& word, const State& state) const {
  if (state.parts.size() != models_.size()) {
    throw Error(fmt::format("ensemble: the state has {} parts; expected one for each of {} models", state.parts.size(),
                            models_.size()));
  }
  State next;
  next.position = state.position + 1;
  std::vector<Tensor> logits;
  for (std::size_t m = 0; m < models_.size(); ++m) {
    Step one = models_[m]->step(word, state.parts[m]);
    logits.push_back(std::move(one.logits));
    next.parts.push_back(std::move(one.state));
  }
  return {mean_in_logs(logits), std::move(next)};
}

Tensor Ensemble::logits(const Tensor& source, const Tensor& target_in) const {
  std::vector<Tensor> logits;
  for (const auto& model : models_) logits.push_back(model->logits(source, target_in));
  return mean_in_logs(logits);
}

Tensor Ensemble::attention_weights(const Tensor& source, const Tensor& target_in) const {
  Tensor sum;
  for (const auto& model : models_) {
    const Tensor weights = model->attention_weights(source, target_in);
    if (!weights.defined()) return {};
    sum = sum.defined() ? sum + weights : weights;
  }
  return sum / static_cast<double>(models_.size());
}

Index Ensemble::max_target() const {
  Index most = std::numeric_limits<Index>::max();
  for (const auto& model : models_) most = std::min(most, model->max_target());
  return most;
}

}  // namespace gradus::models
