#include <gradus/optim/optimizer.h>

#include <algorithm>
#include <cmath>
#include <set>

#include <gradus/autograd/foundation/parallel.h>
#include <gradus/optim/internal/entry.h>
#include <gradus/optim/internal/grain.h>
#include <gradus/optim/internal/option.h>
#include <gradus/optim/internal/parameters.h>

namespace gradus::optim {

namespace {

constexpr Index alignment = 64;  // bytes

/// Elements between the end of `before` and the start of `after`; -1 when more than padding is between them.
template <class T>
Index gap_between(const Tensor& before, const Tensor& after) {
  if (!(before.storage() == after.storage())) return -1;
  const Index gap = after.offset() - (before.offset() + before.numel());
  return gap * size_of(dtype_of<T>()) < alignment ? gap : -1;
}

template <class T>
bool all_zero(const T* p, Index n) {
  return std::all_of(p, p + n, [](T v) { return v == 0; });
}

}  // namespace

/// Parameters first..last, updated as one.
template <class T>
struct Optimizer::Run {
  std::size_t first, last;
  T* parameter;  // null until the run is written
  const T* gradient;
  Index slot, count;
  Index begin;  // elements in the runs before it
};

Optimizer::Optimizer(const char* name, const ParameterGroups& parameters, double weight_decay,
                     std::vector<std::string> moments)
    : name_(name), moments_(std::move(moments)) {
  if (moments_.size() > most_moments)
    throw Error(fmt::format("{}: there are {} moments, expected at most {}", name, moments_.size(), most_moments));
  checked(name, "weight_decay", weight_decay, weight_decay >= 0 && std::isfinite(weight_decay), "a finite number >= 0");
  for (const ParameterGroup& group : parameters.groups) {
    const double scale = group.lr_scale, decay = group.weight_decay.value_or(weight_decay);
    checked(name, "lr_scale of a group", scale, scale >= 0 && std::isfinite(scale), "a finite number >= 0");
    checked(name, "weight_decay of a group", decay, decay >= 0 && std::isfinite(decay), "a finite number >= 0");
    for (const Tensor& p : group.parameters) {
      parameters_.push_back(p);
      entries_.push_back({"", scale, decay, 0});
    }
  }
  if (parameters_.empty()) throw Error(fmt::format("{}: there are no parameters to optimise", name));
  std::vector<std::string> names = checked_names(name, parameters_);
  for (std::size_t i = 0; i < names.size(); ++i) entries_[i].name = std::move(names[i]);
  lay_out<float>();
  lay_out<double>();
}

Optimizer::~Optimizer() = default;

template <class T>
void Optimizer::lay_out() {
  constexpr Index aligned = alignment / static_cast<Index>(sizeof(T));
  const Tensor* before = nullptr;
  Index end = 0;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& p = parameters_[i];
    if (p.dtype() != dtype_of<T>()) continue;
    const Index gap = before ? gap_between<T>(*before, p) : -1;
    entries_[i].slot = gap >= 0 ? end + gap : (end + aligned - 1) / aligned * aligned;
    end = entries_[i].slot + p.numel();
    before = &p;
  }
  if (!before) return;
  for (std::size_t m = 0; m < moments_.size(); ++m)
    blocks(dtype_of<T>()).push_back(Tensor::zeros({end}, dtype_of<T>()));
}

template <class T>
std::vector<Optimizer::Run<T>> Optimizer::plan() const {
  std::vector<Run<T>> runs;
  Tensor gradient_before;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& p = parameters_[i];
    if (p.dtype() != dtype_of<T>() || p.numel() == 0) continue;
    const Tensor g = p.grad();
    if (!g.defined()) continue;
    const Entry& e = entries_[i];
    if (!runs.empty()) {
      Run<T>& run = runs.back();
      const Tensor& before = parameters_[run.last];
      const Entry& same = entries_[run.last];
      const Index gap = gap_between<T>(before, p);
      if (gap >= 0 && gap == gap_between<T>(gradient_before, g) && gap == e.slot - (run.slot + run.count) &&
          e.steps == same.steps && e.lr_scale == same.lr_scale && e.weight_decay == same.weight_decay &&
          (gap == 0 || (keeps_zeros() && all_zero(before.data<T>() + before.numel(), gap) &&
                        all_zero(gradient_before.data<T>() + before.numel(), gap)))) {
        run.last = i;
        run.count += gap + p.numel();
        gradient_before = g;
        continue;
      }
    }
    runs.push_back({i, i, nullptr, g.data<T>(), e.slot, p.numel(), 0});
    gradient_before = g;
  }
  for (std::size_t r = 1; r < runs.size(); ++r) runs[r].begin = runs[r - 1].begin + runs[r - 1].count;
  return runs;
}

template <class T>
void Optimizer::apply(double lr, double grad_scale, const Place& place) {
  std::vector<Run<T>> runs = plan<T>();
  if (runs.empty()) return;
  for (Run<T>& run : runs) run.parameter = parameters_[run.first].template mutable_data<T>(place);
  std::array<T*, most_moments> block{};
  for (std::size_t m = 0; m < moments_.size(); ++m) block[m] = blocks(dtype_of<T>())[m].template mutable_data<T>(place);

  parallel_for(runs.back().begin + runs.back().count, grain, [&](Index begin, Index end) {
    auto run =
        std::upper_bound(runs.begin(), runs.end(), begin, [](Index i, const Run<T>& r) { return i < r.begin; }) - 1;
    for (; begin < end; ++run) {
      const Index from = begin - run->begin, to = std::min(end - run->begin, run->count);
      const Entry& e = entries_[run->first];
      Stretch s{.dtype = dtype_of<T>(),
                .parameters = run->parameter + from,
                .gradients = run->gradient + from,
                .moments = {},
                .count = to - from,
                .step = e.steps + 1,
                .lr = lr * e.lr_scale,
                .weight_decay = e.weight_decay,
                .grad_scale = grad_scale};
      for (std::size_t m = 0; m < moments_.size(); ++m) s.moments[m] = block[m] + run->slot + from;
      update(s);
      begin += to - from;
    }
  });
}

void Optimizer::step(double lr, double grad_scale, Place place) {
  checked(name_, "lr", lr, lr >= 0 && std::isfinite(lr), "a finite number >= 0");
  checked(name_, "grad_scale", grad_scale, std::isfinite(grad_scale),
          "a finite number; when it came from clip_scale, the gradients hold a NaN or an infinity: skip the step");
  apply<float>(lr, grad_scale, place);
  apply<double>(lr, grad_scale, place);
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (parameters_[i].grad().defined()) ++entries_[i].steps;
}

void Optimizer::zero_grad() {
  for (Tensor& p : parameters_) p.zero_grad();
}

Tensor Optimizer::moment(std::size_t parameter, std::size_t which) const {
  const Tensor& p = parameters_[parameter];
  const auto& block = p.dtype() == DType::f32 ? blocks_f32_ : blocks_f64_;
  return block[which].alias(p.shape(), entries_[parameter].slot);
}

State Optimizer::state() const {
  State state;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    state["step/" + entries_[i].name] = Tensor::from(std::vector<Index>{entries_[i].steps}, {});
    for (std::size_t m = 0; m < moments_.size(); ++m) {
      state[moments_[m] + "/" + entries_[i].name] = dispatch_floating(parameters_[i].dtype(), [&](auto zero) {
        return Tensor::from(moment(i, m).to_vector<decltype(zero)>(), parameters_[i].shape());
      });
    }
  }
  return state;
}

void Optimizer::load_state(const State& state) {
  std::set<std::string> known;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::string step = "step/" + entries_[i].name;
    known.insert(step);
    const Index steps = *entry(state, step, {}, DType::i64, name_).data<Index>();
    checked(name_, step.c_str(), steps, steps >= 0 && steps <= most_updates, "a count from 0 to 2^53 in the state");
    for (const std::string& m : moments_) {
      const std::string name = m + "/" + entries_[i].name;
      known.insert(name);
      entry(state, name, parameters_[i].shape(), parameters_[i].dtype(), name_);
    }
  }
  for (const auto& [name, tensor] : state) {
    if (!known.contains(name)) {
      throw Error(
          fmt::format("{}: the state has '{}', which this optimiser does not keep; it was saved by another kind of "
                      "optimiser, with other options, or for other parameters",
                      name_, name));
    }
  }

  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    entries_[i].steps = *state.at("step/" + entries_[i].name).data<Index>();
    for (std::size_t m = 0; m < moments_.size(); ++m) {
      dispatch_floating(parameters_[i].dtype(), [&](auto zero) {
        using T = decltype(zero);
        const Tensor& saved = state.at(moments_[m] + "/" + entries_[i].name);
        std::copy_n(saved.data<T>(), saved.numel(), moment(i, m).template mutable_data<T>());
      });
    }
  }
}

}  // namespace gradus::optim
