#include <gradus/train/checkpoint.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <gradus/autograd/checks/anomaly.h>
#include <gradus/autograd/ops/comparison.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/files/internal/regular_input.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/train/internal/suggest.h>

namespace gradus::train {
namespace {

constexpr std::string_view optimizer_prefix = "optimizer.", schedule_prefix = "schedule.", average_prefix = "average.";
constexpr const char* format_key = "format";
constexpr const char* best_key = "best_validations";
constexpr std::string_view any_format = "gradus-checkpoint-";
constexpr const char* format = "gradus-checkpoint-4";
constexpr std::string_view older_formats[] = {"gradus-checkpoint-1", "gradus-checkpoint-2", "gradus-checkpoint-3"};
constexpr Index most = 1'000'000'000'000'000;  // largest count

bool is_state(std::string_view name) {
  return name.starts_with(optimizer_prefix) || name.starts_with(schedule_prefix) || name.starts_with(average_prefix);
}

void add_state(files::Safetensors& file, std::string_view prefix, const optim::State& state) {
  for (const auto& [name, tensor] : state) file.tensors.push_back({std::string(prefix) + name, tensor});
}

std::string metadata_of(const files::Safetensors& file, const char* key) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) return {};
  return found->second;
}

// Calls f(number, key) for each number of a position, a const one too.
template <class AnyPosition, class F>
void for_each_number(AnyPosition& p, const F& f) {
  f(p.step, "step");
  f(p.epoch, "epoch");
  f(p.batch, "batch");
  f(p.order_step, "order_step");
  f(p.order_epoch, "order_epoch");
  f(p.best, "best");
  f(p.best_token_error_rate, "best_token_error_rate");
  f(p.best_loss, "best_loss");
  f(p.best_step, "best_step");
  f(p.stale, "stale");
  f(p.validated, "validated");
  f(p.metrics_bytes, "metrics_bytes");
  f(p.loss_sum, "loss_sum");
  f(p.loss_steps, "loss_steps");
  f(p.training_pairs, "training_pairs");
  f(p.validation_pairs, "validation_pairs");
  f(p.vocabularies, "vocabularies");
}

template <class T>
T read_number(const files::Safetensors& file, const std::string& name, const char* key) {
  const std::string text = metadata_of(file, key);
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool good = problem == std::errc() && end == text.data() + text.size();
  if constexpr (std::is_same_v<T, Index>) good = good && value >= 0 && value <= most;
  if constexpr (std::is_same_v<T, double>) good = good && std::isfinite(value);
  if (!good) throw Error(fmt::format("{}: its metadata has no valid \"{}\"", name, key));
  return value;
}

// "STEP:VALUE:TOKEN_ERROR_RATE:LOSS", for each validation, with spaces between them.
std::string text_of(const std::vector<BestValidation>& validations) {
  std::vector<std::string> texts;
  for (const BestValidation& v : validations)
    texts.push_back(fmt::format("{}:{}:{}:{}", v.step, v.value, v.token_error_rate, v.loss));
  return fmt::format("{}", fmt::join(texts, " "));
}

// Reads a number and the character behind it, and removes both.
template <class T>
bool take_number(std::string_view& text, T& number, char end) {
  const auto [at, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(at - text.data()));
  if (!text.starts_with(end)) return false;
  text.remove_prefix(1);
  return true;
}

// The inverse of text_of. Throws unless the steps are from 1 to `last` and the numbers finite.
std::vector<BestValidation> read_validations(const files::Safetensors& file, const std::string& name, Index last) {
  const std::string text = metadata_of(file, best_key) + ' ';
  std::vector<BestValidation> validations;
  for (std::string_view rest = text; rest != " " && !rest.empty();) {
    BestValidation v;
    const bool good = take_number(rest, v.step, ':') && take_number(rest, v.value, ':') &&
                      take_number(rest, v.token_error_rate, ':') && take_number(rest, v.loss, ' ') && v.step >= 1 &&
                      v.step <= last && std::isfinite(v.value + v.token_error_rate + v.loss);
    if (!good) throw Error(fmt::format("{}: its metadata has no valid \"{}\"", name, best_key));
    validations.push_back(v);
  }
  return validations;
}

// Throws when the numbers of a position contradict each other.
void check_position(const Position& p, const std::string& name) {
  const auto expect = [&](bool good, const char* key, Index value, const std::string& reason) {
    if (!good)
      throw Error(fmt::format("{}: its metadata contradict each other: \"{}\" is {}, {}", name, key, value, reason));
  };
  const auto at_most = [&](const char* key, Index value, const char* other, Index limit) {
    expect(value <= limit, key, value, fmt::format("more than \"{}\", which is {}", other, limit));
  };
  at_most("order_step", p.order_step, "step", p.step);
  at_most("order_epoch", p.order_epoch, "epoch", p.epoch);
  const Index fewest = p.order_step + p.epoch - p.order_epoch + p.batch;
  expect(p.step >= fewest, "step", p.step, fmt::format("less than the {} that \"epoch\" and \"batch\" need", fewest));
  at_most("validated", p.validated, "step", p.step);
  at_most("best_step", p.best_step, "validated", p.validated);
  expect(p.best_step > 0 || p.validated == 0, "best_step", p.best_step,
         fmt::format("but \"validated\" is {}", p.validated));
  expect((p.stale > 0) == (p.best_step < p.validated), "stale", p.stale,
         fmt::format("but \"best_step\" is {} and \"validated\" is {}", p.best_step, p.validated));
  at_most("stale", p.stale, "validated", p.validated);
  at_most("loss_steps", p.loss_steps, "step", p.step);
}

// `whole`: all fields of the newest format are required.
Position read_position(const files::Safetensors& file, const std::string& name, bool whole) {
  const std::string written = metadata_of(file, format_key);
  const bool older = std::find(std::begin(older_formats), std::end(older_formats), written) != std::end(older_formats);
  if (written != format && !older) {
    throw Error(fmt::format("{}: not a checkpoint of this program (its metadata lack \"{}\": \"{}\")", name, format_key,
                            format));
  }
  Position position{.step = read_number<Index>(file, name, "step"), .epoch = read_number<Index>(file, name, "epoch")};
  if (older) {
    if (!whole) return position;
    throw Error(fmt::format(
        "{}: an older version of this program wrote it: it can be read and decoded with, but not trained further",
        name));
  }
  const auto read = [&](auto& number, const char* key) {
    number = read_number<std::remove_reference_t<decltype(number)>>(file, name, key);
  };
  for_each_number(position, read);
  check_position(position, name);
  position.best_validations = read_validations(file, name, position.validated);
  return position;
}

// The file's entries with the prefix. They must be the known ones, with the same shapes and dtypes.
optim::State state_of(const files::Safetensors& file, std::string_view prefix, const optim::State& known,
                      const std::string& name) {
  optim::State state;
  for (const files::NamedTensor& t : file.tensors) {
    if (!t.name.starts_with(prefix)) continue;
    const auto wanted = known.find(t.name.substr(prefix.size()));
    if (wanted == known.end()) {
      throw Error(fmt::format("{}: this run has no state \"{}\": it was written with other options", name,
                              files::shown(t.name)));
    }
    if (t.tensor.shape() != wanted->second.shape() || t.tensor.dtype() != wanted->second.dtype()) {
      throw Error(fmt::format("{}: its state \"{}\" is {}, this run's is {}", name, files::shown(t.name),
                              describe(t.tensor), describe(wanted->second)));
    }
    state[wanted->first] = t.tensor;
  }
  for (const auto& [key, tensor] : known) {
    if (state.contains(key)) continue;
    throw Error(fmt::format("{}: it lacks the state \"{}{}\": it was written with other options", name, prefix, key));
  }
  return state;
}

template <class Stateful>
void load_state(Stateful& owner, const files::Safetensors& file, std::string_view prefix, const std::string& name) {
  owner.load_state(state_of(file, prefix, owner.state(), name));
}

// A copy of the owner, if there is one, with the file's state. Without an owner a `whole` file must have no such state.
template <class Stateful>
std::optional<Stateful> with_state(const Stateful* owner, const files::Safetensors& file, std::string_view prefix,
                                   const std::string& name, bool whole) {
  if (owner == nullptr) {
    if (whole) state_of(file, prefix, {}, name);
    return std::nullopt;
  }
  std::optional<Stateful> loaded(*owner);
  load_state(*loaded, file, prefix, name);
  return loaded;
}

// The parameter's average, undefined when the file has none.
Tensor mean_of(const files::Safetensors& file, const nn::Parameter& p) {
  return file.find(fmt::format("{}mean/{}", average_prefix, p.path));
}

void check_parameters(const files::Safetensors& file, const std::string& name, const nn::ParameterStore& store) {
  std::vector<std::string> names;
  for (const files::NamedTensor& t : file.tensors)
    if (!is_state(t.name)) names.push_back(t.name);
  std::vector<std::string> wrong;
  const auto fits = [](const Tensor& t, const Tensor& own) {
    return t.shape() == own.shape() && t.dtype() == own.dtype();
  };
  for (const nn::Parameter& p : store.all()) {
    const Tensor saved = file.find(p.path);
    if (!saved.defined()) {
      wrong.push_back(fmt::format("it lacks the parameter {}{}", p.path, did_you_mean(p.path, names)));
      continue;
    }
    const Tensor mean = mean_of(file, p);
    const Tensor& misfit = fits(saved, p.tensor) ? mean : saved;
    if (misfit.defined() && !fits(misfit, p.tensor)) {
      wrong.push_back(
          fmt::format("the parameter {} is {}, the model's is {}", p.path, describe(misfit), describe(p.tensor)));
    }
  }
  for (const std::string& saved : names) {
    const auto& all = store.all();
    if (std::none_of(all.begin(), all.end(), [&](const nn::Parameter& p) { return p.path == saved; }))
      wrong.push_back(fmt::format("the model has no parameter {}", files::shown(saved)));
  }
  if (!wrong.empty()) throw Error(fmt::format("{}: {}", name, fmt::join(wrong, "; ")));
}

bool has_nan(const Tensor& x) { return any(isnan(x)).item<bool>(); }

}  // namespace

files::Safetensors read_checkpoint(const std::filesystem::path& path) {
  files::RegularInput in(path, files::Names::one);
  return files::read_safetensors(in, in.size(), path.string());
}

bool is_checkpoint(const files::Safetensors& file) {
  const auto found = file.metadata.find(format_key);
  return found != file.metadata.end() && found->second.starts_with(any_format);
}

files::Safetensors pack(const nn::ParameterStore& store, const Position& position, const StateOwners& owners) {
  files::Safetensors file;
  for (const nn::Parameter& p : store.all()) file.tensors.push_back({p.path, p.tensor});
  if (owners.state != nullptr)
    add_state(file, optimizer_prefix, *owners.state);
  else if (owners.optimizer != nullptr)
    add_state(file, optimizer_prefix, owners.optimizer->state());
  if (owners.plateau != nullptr) add_state(file, schedule_prefix, owners.plateau->state());
  if (owners.average != nullptr) add_state(file, average_prefix, owners.average->state());
  file.checksums = true;
  file.metadata[format_key] = format;
  for_each_number(position, [&](auto number, const char* key) { file.metadata[key] = fmt::format("{}", number); });
  if (!position.best_validations.empty()) file.metadata[best_key] = text_of(position.best_validations);
  return file;
}

files::Safetensors without_states(files::Safetensors checkpoint, const std::vector<Tensor>& parameters) {
  const auto is_left_out = [&](const files::NamedTensor& t) {
    if (!t.name.starts_with(optimizer_prefix)) return false;
    const std::string path = t.name.substr(t.name.find('/') + 1);
    return std::any_of(parameters.begin(), parameters.end(), [&](const Tensor& p) { return p.name() == path; });
  };
  std::erase_if(checkpoint.tensors, is_left_out);
  return checkpoint;
}

std::string first_not_finite(const files::Safetensors& checkpoint, const nn::ParameterStore& store) {
  const auto is_buffer = [&](const std::string& name) {
    return std::any_of(store.all().begin(), store.all().end(),
                       [&](const nn::Parameter& p) { return p.buffer && p.path == name; });
  };
  for (const files::NamedTensor& t : checkpoint.tensors) {
    const bool infinities = t.name.starts_with(schedule_prefix) || is_buffer(t.name);
    if (infinities ? has_nan(t.tensor) : !all_finite(t.tensor)) return t.name;
  }
  return {};
}

Position position_of(const files::Safetensors& checkpoint, const std::string& name) {
  return read_position(checkpoint, name, true);
}

Position unpack(const files::Safetensors& file, const std::string& name, nn::ParameterStore& store,
                const StateOwners& owners) {
  const bool whole = owners.optimizer != nullptr;
  const Position position = read_position(file, name, whole);
  check_parameters(file, name, store);
  if (const std::string bad = first_not_finite(file, store); !bad.empty()) {
    throw Error(
        fmt::format("{}: \"{}\" has a value that is not finite (NaN or an infinity): the file is damaged, or its "
                    "training diverged",
                    name, files::shown(bad)));
  }
  const auto loaded_plateau = with_state(owners.plateau, file, schedule_prefix, name, whole);
  auto loaded_average = with_state(owners.average, file, average_prefix, name, whole);
  if (whole) load_state(*owners.optimizer, file, optimizer_prefix, name);
  if (loaded_plateau) *owners.plateau = *loaded_plateau;
  if (loaded_average) *owners.average = std::move(*loaded_average);
  for (const nn::Parameter& p : store.all()) {
    const Tensor mean = whole ? Tensor() : mean_of(file, p);
    nn::copy_into(p.tensor, mean.defined() ? mean : file.find(p.path));
  }
  return position;
}

}  // namespace gradus::train
