#include <gradus/nn/parameters.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include <gradus/autograd/engine/internal/accumulate.h>
#include <gradus/autograd/foundation/internal/edit_distance.h>
#include <gradus/autograd/foundation/internal/fnv1a.h>
#include <gradus/autograd/foundation/memory.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/files/safetensors.h>
#include <gradus/nn/internal/init.h>
#include <gradus/nn/internal/registration_check.h>

namespace gradus::nn {

namespace {

constexpr Index alignment = 64;  // bytes

Index aligned(Index elements, DType dtype) {
  const Index step = alignment / size_of(dtype);
  return (elements + step - 1) / step * step;
}

bool is_at_or_below(std::string_view path, std::string_view prefix) {
  if (prefix.empty() || path == prefix) return true;
  return path.starts_with(prefix) && path[prefix.size()] == '.';
}

std::string nearest(std::string_view path, std::vector<std::string> known) {
  if (known.empty()) return "the store is empty";
  std::stable_sort(known.begin(), known.end(), [&](const std::string& a, const std::string& b) {
    return edit_distance<std::string_view>(path, a) < edit_distance<std::string_view>(path, b);
  });
  known.resize(std::min<std::size_t>(known.size(), 3));
  return fmt::format("the nearest are '{}'", fmt::join(known, "', '"));
}

std::string with_thousands(Index n) {
  std::string s = std::to_string(n);
  for (Index at = std::ssize(s) - 3; at > 0; at -= 3) s.insert(static_cast<std::size_t>(at), ",");
  return s;
}

std::string in_quotes(const std::string& name) { return fmt::format("'{}'", files::shown(name)); }

bool fits(const Tensor& values, const Tensor& into) {
  return values.defined() && values.shape() == into.shape() && values.dtype() == into.dtype();
}

std::size_t size_in_bytes(const Tensor& t) { return static_cast<std::size_t>(t.numel() * size_of(t.dtype())); }

// Of two tensors of one shape and dtype.
bool same_bits(const Tensor& a, const Tensor& b) {
  return dispatch(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    return std::memcmp(a.data<T>(), b.data<T>(), size_in_bytes(a)) == 0;
  });
}

// Whether both are handles of one parameter, which may be frozen.
bool same_tensor(const Tensor& a, const Tensor& b) {
  return a.node() == b.node() && a.storage() == b.storage() && a.offset() == b.offset() && a.shape() == b.shape();
}

// "; missing: 'a', 'b'", or nothing.
std::string listed(const char* what, const std::vector<std::string>& names) {
  return names.empty() ? std::string() : fmt::format("; {}: {}", what, fmt::join(names, ", "));
}

// Throws unless initial values can have the bound or deviation.
void check_spread(const std::string& path, const char* what, double spread) {
  if (!(spread >= 0 && std::isfinite(spread))) {
    throw Error(fmt::format("'{}' cannot begin with values of the {} {}; expected a finite number of at least 0", path,
                            what, spread));
  }
}

// The path of a new parameter, before memory for it is allocated.
std::string checked(std::string path, const Shape& shape) {
  RegistrationCheck::apply(path, shape);
  return path;
}

}  // namespace

void copy_into(Tensor into, const Tensor& values, Place place) {
  if (!into.defined() || !fits(values, into)) {
    throw Error(fmt::format("copy_into: {} cannot hold the values of {}; expected the same shape and dtype",
                            describe(into), describe(values)),
                place);
  }
  dispatch(into.dtype(), [&](auto zero) {
    using T = decltype(zero);
    std::memmove(into.mutable_data<T>(place), values.data<T>(), size_in_bytes(into));
  });
}

Renaming::Renaming(std::map<std::string, std::string> paths)
    : path_of_([paths = std::move(paths)](const std::string& name) {
        const auto found = paths.find(name);
        return found == paths.end() ? name : found->second;
      }) {}

ParameterStore::ParameterStore(std::uint64_t seed, DType dtype) : seed_(seed), dtype_(dtype) {
  if (!is_floating(dtype)) throw Error(fmt::format("parameters cannot be {}; use f32 or f64", name(dtype)));
}

Scope ParameterStore::root() { return {*this, ""}; }

Tensor ParameterStore::at(std::string_view path, Place place) const {
  const auto found = by_path_.find(std::string(path));
  if (found != by_path_.end()) return parameters_[found->second].tensor;
  std::vector<std::string> known;
  for (const auto& [name, _] : by_path_) known.push_back(name);
  std::sort(known.begin(), known.end());
  throw Error(fmt::format("there is no parameter '{}'; {}", path, nearest(path, std::move(known))), place);
}

bool ParameterStore::contains(std::string_view path) const { return by_path_.contains(std::string(path)); }

std::vector<Tensor> ParameterStore::trainable() const {
  std::vector<Tensor> leaves;
  for (const Parameter& p : parameters_)
    if (p.trainable) leaves.push_back(p.tensor);
  return leaves;
}

Index ParameterStore::count() const {
  Index n = 0;
  for (const Parameter& p : parameters_)
    if (!p.buffer) n += p.tensor.numel();
  return n;
}

std::string ParameterStore::summary() const {
  std::size_t width = std::string_view("parameter").size();
  for (const auto& [path, _] : by_path_) width = std::max(width, path.size());

  std::string table = fmt::format("{:<{}}  {:<16}{:>12}\n", "parameter", width, "shape", "count");
  Index trained = 0;
  for (const Parameter& p : parameters_) {
    if (p.trainable) trained += p.tensor.numel();
    table += fmt::format("{:<{}}  {:<16}{:>12}{}\n", p.path, width, to_string(p.tensor.shape()),
                         with_thousands(p.tensor.numel()),
                         p.buffer      ? "  buffer"
                         : p.trainable ? ""
                                       : "  frozen");
  }
  for (const Alias& a : aliases_)
    table += fmt::format("{:<{}}  shared with {}\n", a.path, width, parameters_[a.parameter].path);
  return table + fmt::format("{:<{}}  {:<16}{:>12}  {} trainable\n", "total", width, "", with_thousands(count()),
                             with_thousands(trained));
}

void ParameterStore::freeze(std::string_view prefix, bool frozen) {
  std::vector<std::size_t> matched;
  for (const auto& [path, parameter] : by_path_)
    if (is_at_or_below(path, prefix) && !parameters_[parameter].buffer) matched.push_back(parameter);
  if (matched.empty()) {
    std::vector<std::string> groups;  // all paths and all scopes above them
    for (const auto& [path, parameter] : by_path_) {
      if (parameters_[parameter].buffer) continue;
      for (std::size_t end = path.find('.');; end = path.find('.', end + 1)) {
        groups.push_back(path.substr(0, end));
        if (end == std::string::npos) break;
      }
    }
    std::sort(groups.begin(), groups.end());
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    throw Error(fmt::format("there is no parameter to freeze at '{}'; {}", prefix, nearest(prefix, std::move(groups))));
  }
  for (const std::size_t i : matched) {
    parameters_[i].trainable = !frozen;
    parameters_[i].tensor.set_requires_grad(!frozen);
  }
  block_ = {};
}

void ParameterStore::set(std::string_view path, const Tensor& values, Place place) {
  copy_into(at(path, place), values, place);
}

LoadReport ParameterStore::load(const std::map<std::string, Tensor>& values, const LoadOptions& options, Place place) {
  return load_from("load", values, options, place);
}

LoadReport ParameterStore::load(const std::filesystem::path& file, const LoadOptions& options, Place place) {
  std::map<std::string, Tensor> values;
  for (files::NamedTensor& t : files::read_safetensors(file).tensors) values[t.name] = std::move(t.tensor);
  return load_from(file.string(), values, options, place);
}

LoadReport ParameterStore::load_from(const std::string& origin, const std::map<std::string, Tensor>& values,
                                     const LoadOptions& options, const Place& place) {
  struct Chosen {
    std::string name;  // empty: none of this parameter's paths has values
    Tensor values;
  };
  std::vector<Chosen> chosen(parameters_.size());
  LoadReport report;
  std::vector<std::string> missing, unexpected, misshapen;  // for the message
  for (const auto& [name, value] : values) {
    const std::string path = options.rename(name);
    if (path.empty()) continue;
    const auto found = by_path_.find(path);
    if (found == by_path_.end()) {
      report.unexpected.push_back(name);
      unexpected.push_back(path == name ? in_quotes(name) : fmt::format("{} as {}", in_quotes(name), in_quotes(path)));
      continue;
    }
    const Tensor& own = parameters_[found->second].tensor;
    Chosen& before = chosen[found->second];
    if (!fits(value, own)) {
      before.name = name;
      report.misshapen.push_back(name);
      misshapen.push_back(fmt::format("{} is {}, expected {} {}", in_quotes(name),
                                      value.defined() ? describe(value.detach()) : describe(value),
                                      gradus::name(own.dtype()), to_string(own.shape())));
      continue;
    }
    if (before.values.defined() && !same_bits(before.values, value)) {
      throw Error(fmt::format("{}: {} and {} have different values for one parameter, '{}'", origin,
                              in_quotes(before.name), in_quotes(name), own.name()),
                  place);
    }
    before = {name, value};
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (!chosen[i].name.empty()) continue;
    report.missing.push_back(parameters_[i].path);
    missing.push_back(in_quotes(parameters_[i].path));
  }
  if (options.strict && !report.empty()) {
    throw Error(
        fmt::format("{}: names do not fit the store{}{}{}; nothing was loaded; strict = false loads the rest", origin,
                    listed("missing", missing), listed("unexpected", unexpected), listed("misshapen", misshapen)),
        place);
  }

  // Values that are parameters of this store are copied before any is overwritten.
  for (Chosen& c : chosen) {
    if (c.values.defined() && std::any_of(parameters_.begin(), parameters_.end(),
                                          [&](const Parameter& p) { return p.tensor.storage() == c.values.storage(); }))
      c.values = copy_of(OpName("load", place), c.values);
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (chosen[i].values.defined()) copy_into(parameters_[i].tensor, chosen[i].values, place);
  return report;
}

void ParameterStore::save(const std::filesystem::path& file) const {
  files::Safetensors contents;
  for (const Parameter& p : parameters_) contents.tensors.push_back({p.path, p.tensor});
  files::write_safetensors(file, contents);
}

void ParameterStore::zero_grad() {
  for (Parameter& p : parameters_) p.tensor.zero_grad();
}

void ParameterStore::flatten() {
  Index n = 0;
  for (const Tensor& leaf : trainable()) n += aligned(leaf.numel(), dtype_);
  const Tensor block = Tensor::zeros({n}, dtype_);
  const std::vector<Tensor> slices = slices_of(block);
  const std::vector<Tensor> leaves = trainable();
  for (std::size_t i = 0; i < leaves.size(); ++i) Tensor(leaves[i]).move_into(slices[i]);
  block_ = block;
  memory::trim();  // the leaves' former storages, whose sizes no other tensor has
}

Tensor ParameterStore::block() const {
  if (!block_.defined())
    throw Error("the parameters are not in one block; call flatten() after the last one is registered or frozen");
  return block_;
}

std::vector<Tensor> ParameterStore::slices_of(const Tensor& block) const {
  const std::vector<Tensor> leaves = trainable();
  Index n = 0;
  for (const Tensor& leaf : leaves) n += aligned(leaf.numel(), dtype_);
  if (block.shape() != Shape{n} || block.dtype() != dtype_) {
    throw Error(
        fmt::format("{} cannot hold the trainable parameters; expected {} [{}]", describe(block), name(dtype_), n));
  }

  std::vector<Tensor> slices;
  Index offset = 0;
  for (const Tensor& leaf : leaves) {
    slices.push_back(block.alias(leaf.shape(), offset));
    offset += aligned(leaf.numel(), dtype_);
  }
  return slices;
}

Tensor ParameterStore::add(std::string path, Tensor value) {
  check_free(path);
  value.set_requires_grad();
  value.set_name(path);
  parameters_.push_back({path, value, true});
  by_path_.emplace(std::move(path), parameters_.size() - 1);
  block_ = {};
  return value;
}

Tensor ParameterStore::add_buffer(std::string path, Tensor value) {
  check_free(path);
  value.set_name(path);
  parameters_.push_back({path, value, false, true});
  by_path_.emplace(std::move(path), parameters_.size() - 1);
  return value;
}

Tensor ParameterStore::share(std::string path, const Tensor& parameter) {
  check_free(path);
  const auto found = by_path_.find(parameter.name());
  if (found == by_path_.end() || parameters_[found->second].buffer ||
      !same_tensor(parameters_[found->second].tensor, parameter))
    throw Error(fmt::format("'{}' cannot share {}, which is not a parameter of this store", path, describe(parameter)));
  const std::size_t owner = found->second;
  aliases_.push_back({path, owner});
  by_path_.emplace(std::move(path), owner);
  return parameters_[owner].tensor;
}

void ParameterStore::check_free(const std::string& path) const {
  if (contains(path))
    throw Error(fmt::format("the parameter path '{}' is taken; give each layer a scope of its own", path));
}

Scope Scope::operator/(std::string_view child) const { return {*store_, path_of(child)}; }

std::string Scope::path_of(std::string_view name) const {
  if (name.empty()) throw Error(fmt::format("a name below '{}' is empty", path_));
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

Philox Scope::random(const std::string& path) const { return {store_->seed(), fnv1a(path)}; }

Tensor Scope::uniform(std::string_view name, const Shape& shape) const {
  return uniform(name, shape, 1 / std::sqrt(static_cast<double>(std::max<Index>(init::fans(shape).in, 1))));
}

Tensor Scope::uniform(std::string_view name, const Shape& shape, double bound) const {
  const std::string path = checked(path_of(name), shape);
  check_spread(path, "bound", bound);
  return store_->add(path, init::uniform(shape, bound, random(path), dtype()));
}

Tensor Scope::normal(std::string_view name, const Shape& shape, double std) const {
  const std::string path = checked(path_of(name), shape);
  check_spread(path, "deviation", std);
  return store_->add(path, init::normal(shape, std, random(path), dtype()));
}

Tensor Scope::zeros(std::string_view name, const Shape& shape) const {
  const std::string path = checked(path_of(name), shape);
  return store_->add(path, Tensor::zeros(shape, dtype()));
}

Tensor Scope::ones(std::string_view name, const Shape& shape) const {
  const std::string path = checked(path_of(name), shape);
  return store_->add(path, Tensor::ones(shape, dtype()));
}

Tensor Scope::xavier_uniform(std::string_view name, const Shape& shape) const {
  const std::string path = checked(path_of(name), shape);
  return store_->add(path, init::xavier_uniform(shape, random(path), dtype()));
}

Tensor Scope::orthogonal(std::string_view name, const Shape& shape) const {
  const std::string path = checked(path_of(name), shape);
  return store_->add(path, init::orthogonal(shape, random(path), dtype()));
}

Tensor Scope::buffer(std::string_view name, const Tensor& value) const {
  return store_->add_buffer(path_of(name), value.detach());
}

Tensor Scope::share(std::string_view name, const Tensor& parameter) const {
  return store_->share(path_of(name), parameter);
}

}  // namespace gradus::nn
