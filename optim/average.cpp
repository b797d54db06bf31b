#include <gradus/optim/average.h>

#include <algorithm>

#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/copying.h>
#include <gradus/optim/internal/entry.h>
#include <gradus/optim/internal/grain.h>
#include <gradus/optim/internal/multiply_add.h>
#include <gradus/optim/internal/option.h>
#include <gradus/optim/internal/parameters.h>

namespace gradus::optim {

namespace {

// f(parameter, mean, count) on pieces of every parameter.
template <class F>
void for_pieces(std::vector<Tensor>& parameters, std::vector<Tensor>& means, const F& f) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    dispatch_floating(parameters[i].dtype(), [&](auto zero) {
      using T = decltype(zero);
      T *p = parameters[i].mutable_data<T>(), *mean = means[i].mutable_data<T>();
      parallel_for(parameters[i].numel(), grain,
                   [&](Index begin, Index end) { f(p + begin, mean + begin, end - begin); });
    });
  }
}

}  // namespace

Average::Average(const std::vector<Tensor>& parameters, double decay)
    : parameters_(parameters), decay_(checked("Average", "decay", decay, decay > 0 && decay < 1, "between 0 and 1")) {
  names_ = checked_names("Average", parameters_);
  for (const Tensor& p : parameters_) means_.push_back(clone(p.detach()));
}

Average::Average(const Average& other) : Average(other.parameters_, other.decay_) {
  step_ = other.step_;
  for (std::size_t i = 0; i < means_.size(); ++i) means_[i] = clone(other.means_[i]);
}

void Average::update() {
  ++step_;
  const auto n = static_cast<double>(step_);
  const double share = 1 - std::min(decay_, n / (n + 9));
  for_pieces(parameters_, means_, [share]<class T>(const T* p, T* mean, Index count) {
    const T s = static_cast<T>(share);
    for (Index i = 0; i < count; ++i) mean[i] = multiply_add(s, p[i] - mean[i], mean[i]);
  });
}

void Average::swap() {
  for_pieces(parameters_, means_, []<class T>(T* p, T* mean, Index count) { std::swap_ranges(p, p + count, mean); });
}

State Average::state() const {
  State state{{"step", Tensor::from(std::vector<Index>{step_}, {})}};
  for (std::size_t i = 0; i < means_.size(); ++i) state["mean/" + names_[i]] = clone(means_[i]);
  return state;
}

void Average::load_state(const State& state) {
  const Index step = *entry(state, "step", {}, DType::i64, "Average").data<Index>();
  checked("Average", "step", step, step >= 0 && step <= most_updates, "a count from 0 to 2^53 in the state");
  std::vector<Tensor> means;
  for (std::size_t i = 0; i < means_.size(); ++i)
    means.push_back(clone(entry(state, "mean/" + names_[i], means_[i].shape(), means_[i].dtype(), "Average")));
  if (state.size() != means.size() + 1) {
    throw Error(
        fmt::format("Average: the state has {} entries, expected {}: the number of updates and one per parameter",
                    state.size(), means.size() + 1));
  }
  step_ = step;
  means_ = std::move(means);
}

}  // namespace gradus::optim
