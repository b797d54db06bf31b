#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <gradus/autograd/engine/tensor.h>
#include <gradus/autograd/foundation/random.h>

namespace gradus::nn {

class Scope;

/// A parameter or buffer of a ParameterStore.
struct Parameter {
  std::string path;       // "decoder.query.weight"
  Tensor tensor;          // a leaf, named by its path
  bool trainable = true;  // false: frozen, or a buffer
  bool buffer = false;    // no gradient changes it; it is saved, but neither counted nor trained
};

/// Writes the values into the bytes of `into`, so that every handle and view of it has them. Counts as a write: a later
/// backward that needs the old values throws. Throws when shape or dtype differ, and when `into` is the result of a
/// recorded op. (torch.Tensor.copy_)
void copy_into(Tensor into, const Tensor& values, Place place = Place::current());

/// The paths for the names of other programs: a function from name to path, or a map. A map leaves the names that it
/// lacks as they are. A name whose path is "" is left out.
class Renaming {
 public:
  Renaming() = default;  // every name is a path
  /// From a map of names to paths.
  Renaming(std::map<std::string, std::string> paths);
  Renaming(std::initializer_list<std::pair<const std::string, std::string>> paths)
      : Renaming(std::map<std::string, std::string>(paths)) {}
  /// From a function of a name.
  template <class F>
  requires std::is_invocable_r_v<std::string, F, const std::string&> Renaming(F path_of)
      : path_of_(std::move(path_of)) {}

  /// The path for a name.
  std::string operator()(const std::string& name) const { return path_of_ ? path_of_(name) : name; }

 private:
  std::function<std::string(const std::string&)> path_of_;
};

/// The options of ParameterStore::load.
struct LoadOptions {
  bool strict = true;    // false: loads what fits, and returns the names of the rest
  Renaming rename = {};  // the paths for the names of the values
};

/// The names that did not fit in a load.
struct LoadReport {
  std::vector<std::string> missing;     // paths in the store that got no values
  std::vector<std::string> unexpected;  // names of values that the store has no path for
  std::vector<std::string> misshapen;   // names of values of another shape or dtype
  bool empty() const { return missing.empty() && unexpected.empty() && misshapen.empty(); }
};

/// All parameters and buffers of a model, by path, in order of registration. The constructor of a layer registers them
/// through a Scope. An initial value depends on seed, path and position only, so further layers do not change it.
class ParameterStore {
 public:
  /// Throws unless dtype is f32 or f64.
  explicit ParameterStore(std::uint64_t seed, DType dtype = DType::f32);
  ParameterStore(const ParameterStore&) = delete;
  ParameterStore& operator=(const ParameterStore&) = delete;

  /// The scope with the path "".
  Scope root();
  std::uint64_t seed() const { return seed_; }
  DType dtype() const { return dtype_; }

  /// Each parameter and buffer once, under its first path.
  const std::vector<Parameter>& all() const { return parameters_; }
  /// By path or alias. Throws an Error with the nearest paths when there is none.
  Tensor at(std::string_view path, Place place = Place::current()) const;
  bool contains(std::string_view path) const;
  /// The parameters that are not frozen, in order.
  std::vector<Tensor> trainable() const;
  /// The count of numbers in all parameters; a shared parameter counts once, a buffer does not.
  Index count() const;
  /// A table of path, shape and count of each parameter and buffer, marked if frozen or a buffer, and the total.
  std::string summary() const;

  /// Writes values into the parameter or buffer at a path or alias, as `copy_into` does.
  void set(std::string_view path, const Tensor& values, Place place = Place::current());

  /// Writes values into the parameters and buffers of their names, as `copy_into` does.
  ///
  /// - A shared parameter needs values for one of its paths. Values for several must be the same.
  /// - With `strict` every parameter and buffer gets values, and all values are used. Otherwise throws one Error that
  ///   lists all missing, unexpected and misshapen names, and nothing changes.
  /// - Throws, also without `strict`, when two names with different values have the same parameter.
  LoadReport load(const std::map<std::string, Tensor>& values, const LoadOptions& options = {},
                  Place place = Place::current());
  /// The same from a safetensors file, also of another program. Reads F16 and BF16 as f32.
  LoadReport load(const std::filesystem::path& file, const LoadOptions& options = {}, Place place = Place::current());

  /// Replaces the safetensors file atomically by one with each parameter and buffer once, under its first path. Throws
  /// Error when a write fails; then the old file stays.
  void save(const std::filesystem::path& file) const;

  /// Freezes (or unfreezes) the parameters at a path and below it; "" means all. A shared parameter freezes under any
  /// of its paths. Ends the flat layout. Throws when there is no such path.
  void freeze(std::string_view prefix, bool frozen = true);
  void zero_grad();

  /// Moves all trainable parameters into one block, in order. Each starts at a multiple of 64 bytes; the padding is
  /// always zero. Handles stay valid. Registering or freezing a parameter ends the layout.
  void flatten();
  /// The block [n]. Throws without a flat layout.
  Tensor block() const;
  /// A block of the same layout (such as a shard's gradients) as one view per trainable parameter, of its shape.
  std::vector<Tensor> slices_of(const Tensor& block) const;

  // For scopes.
  Tensor add(std::string path, Tensor value);
  Tensor add_buffer(std::string path, Tensor value);
  Tensor share(std::string path, const Tensor& parameter);

 private:
  struct Alias {
    std::string path;
    std::size_t parameter;
  };
  // Throws when the path is taken.
  void check_free(const std::string& path) const;
  LoadReport load_from(const std::string& origin, const std::map<std::string, Tensor>& values,
                       const LoadOptions& options, const Place& place);

  std::uint64_t seed_;
  DType dtype_;
  std::vector<Parameter> parameters_;
  std::vector<Alias> aliases_;
  std::unordered_map<std::string, std::size_t> by_path_;
  Tensor block_;
};

/// A prefix of paths, under which a layer registers its parameters: `Linear(scope / "query", ...)`. Cheap to copy.
/// The functions that register a parameter return a leaf that requires a gradient. They throw when the path is taken,
/// and for a bound or deviation that is negative or not finite.
class Scope {
 public:
  /// `path` is the prefix of all paths; "" is the root.
  Scope(ParameterStore& store, std::string path) : store_(&store), path_(std::move(path)) {}

  /// scope / "layers" / 0 has the path "layers.0".
  Scope operator/(std::string_view child) const;
  Scope operator/(Index child) const { return *this / std::to_string(child); }

  /// The prefix, and the dtype of the store's parameters.
  const std::string& path() const { return path_; }
  DType dtype() const { return store_->dtype(); }

  /// U(±1 / sqrt(fan_in)), as PyTorch draws linear and convolution weights.
  Tensor uniform(std::string_view name, const Shape& shape) const;
  Tensor uniform(std::string_view name, const Shape& shape, double bound) const;
  Tensor normal(std::string_view name, const Shape& shape, double std) const;
  Tensor zeros(std::string_view name, const Shape& shape) const;
  Tensor ones(std::string_view name, const Shape& shape) const;
  Tensor xavier_uniform(std::string_view name, const Shape& shape) const;
  Tensor orthogonal(std::string_view name, const Shape& shape) const;

  /// A buffer: state of a layer that is saved with the parameters and changes without a gradient, such as running
  /// statistics. The layer writes to it with `copy_into`. Returns the tensor, of any dtype. (register_buffer)
  Tensor buffer(std::string_view name, const Tensor& value) const;

  /// Tied weights: a second path of a parameter of the same store. It is counted, saved and trained once.
  Tensor share(std::string_view name, const Tensor& parameter) const;

 private:
  std::string path_of(std::string_view name) const;
  Philox random(const std::string& path) const;

  ParameterStore* store_;
  std::string path_;
};

}  // namespace gradus::nn
