#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <gradus/autograd/engine/tensor.h>
#include <gradus/autograd/foundation/random.h>

namespace gradus::nn {

class Scope;

struct Parameter {
  std::string path;  // "decoder.query.weight"
  Tensor tensor;     // a leaf, named by its path
  bool trainable = true;
};

/// All parameters of a model, by path, in order of registration. The constructor of a layer registers them through a
/// Scope. An initial value depends on seed, path and position only, so further layers do not change it.
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

  /// Each parameter once, under its first path.
  const std::vector<Parameter>& all() const { return parameters_; }
  /// By path or alias. Throws an Error with the nearest paths when there is none.
  Tensor at(std::string_view path) const;
  bool contains(std::string_view path) const;
  /// The parameters that are not frozen, in order.
  std::vector<Tensor> trainable() const;
  /// The count of numbers in all parameters; a shared parameter counts once.
  Index count() const;
  /// A table of path, shape and count of each parameter, marked if frozen, and the total.
  std::string summary() const;

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
  Tensor share(std::string path, const Tensor& parameter);

 private:
  struct Alias {
    std::string path;
    std::size_t parameter;
  };
  void claim(const std::string& path, std::size_t parameter);

  std::uint64_t seed_;
  DType dtype_;
  std::vector<Parameter> parameters_;
  std::vector<Alias> aliases_;
  std::unordered_map<std::string, std::size_t> by_path_;
  Tensor block_;
};

/// A prefix of paths, under which a layer registers its parameters: `Linear(scope / "query", ...)`. Cheap to copy.
/// The functions that register a parameter return a leaf that requires a gradient. They throw when the path is taken.
class Scope {
 public:
  Scope(ParameterStore& store, std::string path) : store_(&store), path_(std::move(path)) {}

  /// scope / "layers" / 0 has the path "layers.0".
  Scope operator/(std::string_view child) const;
  Scope operator/(Index child) const { return *this / std::to_string(child); }

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

  /// Tied weights: a second path of a parameter of the same store. It is counted, saved and trained once.
  Tensor share(std::string_view name, const Tensor& parameter) const;

 private:
  std::string path_of(std::string_view name) const;
  Philox random(const std::string& path) const;

  ParameterStore* store_;
  std::string path_;
};

}  // namespace gradus::nn
