#include "train/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

#include "train/suggest.h"

namespace gradus::train {
namespace {

constexpr std::string_view optimizer_prefix = "optimizer.", schedule_prefix = "schedule.";
constexpr const char* format_key = "format";
constexpr const char *format = "gradus-checkpoint-2", *first_format = "gradus-checkpoint-1";

bool is_state(std::string_view name) { return name.starts_with(optimizer_prefix) || name.starts_with(schedule_prefix); }

void add_state(Safetensors& file, std::string_view prefix, const optim::State& state) {
  for (const auto& [name, tensor] : state) file.tensors.push_back({std::string(prefix) + name, tensor});
}

optim::State state_of(const Safetensors& file, std::string_view prefix) {
  optim::State state;
  for (const auto& [name, tensor] : file.tensors)
    if (name.starts_with(prefix)) state[name.substr(prefix.size())] = tensor;
  return state;
}

template <class T>
T read_number(const Safetensors& file, const std::string& name, const char* key) {
  const auto found = file.metadata.find(key);
  const std::string text = found == file.metadata.end() ? "" : found->second;
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) {
    throw Error(fmt::format("{}: its metadata has no good \"{}\"", name, key));
  }
  return value;
}

// `whole`: all of it, as going on needs.
Position read_position(const Safetensors& file, const std::string& name, bool whole) {
  const auto found = file.metadata.find(format_key);
  const std::string written = found == file.metadata.end() ? "" : found->second;
  if (written != format && written != first_format) {
    throw Error(fmt::format("{}: not a checkpoint of this program (its metadata lack \"{}\": \"{}\")", name, format_key,
                            format));
  }
  Position position{.step = read_number<Index>(file, name, "step"),
                    .epoch = read_number<Index>(file, name, "epoch"),
                    .batch = read_number<Index>(file, name, "batch"),
                    .best = read_number<double>(file, name, "best"),
                    .best_step = read_number<Index>(file, name, "best_step"),
                    .stale = read_number<Index>(file, name, "stale")};
  if (written == first_format) {
    if (!whole) return position;
    throw Error(fmt::format(
        "{}: an older version of this program wrote it: it can be read and decoded with, not trained on", name));
  }
  position.validated = read_number<Index>(file, name, "validated");
  position.metrics_bytes = read_number<Index>(file, name, "metrics_bytes");
  position.loss_sum = read_number<double>(file, name, "loss_sum");
  position.loss_steps = read_number<Index>(file, name, "loss_steps");
  position.data = read_number<std::uint64_t>(file, name, "data");
  return position;
}

void check_parameters(const Safetensors& file, const std::string& name, const nn::ParameterStore& store) {
  std::vector<std::string> names;
  for (const NamedTensor& t : file.tensors)
    if (!is_state(t.name)) names.push_back(t.name);
  for (const nn::Parameter& p : store.all()) {
    const Tensor saved = file.find(p.path);
    if (!saved.defined()) {
      throw Error(fmt::format("{}: it lacks the parameter {}{}", name, p.path, did_you_mean(p.path, names)));
    }
    if (saved.shape() != p.tensor.shape() || saved.dtype() != p.tensor.dtype()) {
      throw Error(fmt::format("{}: the parameter {} is {}, the model's is {}", name, p.path, describe(saved),
                              describe(p.tensor)));
    }
  }
  for (const std::string& saved : names) {
    const auto& all = store.all();
    if (std::none_of(all.begin(), all.end(), [&](const nn::Parameter& p) { return p.path == saved; })) {
      throw Error(fmt::format("{}: the model has no parameter {}", name, saved));
    }
  }
}

}  // namespace

Safetensors pack(const nn::ParameterStore& store, const Position& position, const optim::Optimizer* optimizer,
                 const optim::Plateau* plateau) {
  Safetensors file;
  for (const nn::Parameter& p : store.all()) file.tensors.push_back({p.path, p.tensor});
  if (optimizer != nullptr) add_state(file, optimizer_prefix, optimizer->state());
  if (plateau != nullptr) add_state(file, schedule_prefix, plateau->state());
  file.metadata = {{format_key, format},
                   {"step", fmt::format("{}", position.step)},
                   {"epoch", fmt::format("{}", position.epoch)},
                   {"batch", fmt::format("{}", position.batch)},
                   {"best", fmt::format("{}", position.best)},
                   {"best_step", fmt::format("{}", position.best_step)},
                   {"stale", fmt::format("{}", position.stale)},
                   {"validated", fmt::format("{}", position.validated)},
                   {"metrics_bytes", fmt::format("{}", position.metrics_bytes)},
                   {"loss_sum", fmt::format("{}", position.loss_sum)},
                   {"loss_steps", fmt::format("{}", position.loss_steps)},
                   {"data", fmt::format("{}", position.data)}};
  return file;
}

Position position_of(const Safetensors& checkpoint, const std::string& name) {
  return read_position(checkpoint, name, true);
}

Position unpack(const Safetensors& file, const std::string& name, nn::ParameterStore& store,
                optim::Optimizer* optimizer, optim::Plateau* plateau) {
  const Position position = read_position(file, name, optimizer != nullptr);
  check_parameters(file, name, store);
  if (optimizer != nullptr) optimizer->load_state(state_of(file, optimizer_prefix));
  if (plateau != nullptr) plateau->load_state(state_of(file, schedule_prefix));
  for (const nn::Parameter& p : store.all()) {
    const Tensor saved = file.find(p.path);
    dispatch(saved.dtype(), [&](auto zero) {
      using T = decltype(zero);
      Tensor into = p.tensor;
      std::copy_n(saved.data<T>(), saved.numel(), into.mutable_data<T>());
    });
  }
  return position;
}

}  // namespace gradus::train
