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

/// All parameters of a model, by path, in order of registration. Layers register through a Scope as they are
/// constructed. Initial values are a pure function of seed, path and position: a layer added elsewhere changes none of
/// them.
class ParameterStore {
 public:
  /// Throws unless dtype is f32 or f64.
  explicit ParameterStore(std::uint64_t seed, DType dtype = DType::f32);
  ParameterStore(const ParameterStore&) = delete;
  ParameterStore& operator=(const ParameterStore&) = delete;

  /// Where construction begins: the path "".
  Scope root();
  std::uint64_t seed() const { return seed_; }
  DType dtype() const { return dtype_; }

  /// Each parameter once, under the path it was first registered with.
  const std::vector<Parameter>& all() const { return parameters_; }
  /// By path or alias. Throws, naming the nearest paths, when there is none.
  Tensor at(std::string_view path) const;
  bool contains(std::string_view path) const;
  /// The leaves that optimisers move: the unfrozen ones, in order.
  std::vector<Tensor> trainable() const;
  /// Numbers in all parameters, shared ones counted once.
  Index count() const;
  /// A table for people: path, shape, count, whether trainable; then the total.
  std::string summary() const;

  /// Stops (or resumes) the training of a path and of all below it: "encoder" stands for "encoder.*", "" for
  /// everything. A shared parameter freezes under any of its paths. Ends the flat layout. Throws when nothing matches.
  void freeze(std::string_view prefix, bool frozen = true);
  void zero_grad();

  /// Moves all trainable parameters into one block, in order, each beginning at a multiple of 64 bytes; the padding is
  /// zero and stays so. Handles stay valid. Registering or freezing afterwards ends the layout; flatten again.
  void flatten();
  /// The block [n]. Throws when the parameters are not flat.
  Tensor block() const;
  /// One view a trainable parameter, of its shape, at its place in a block of the same layout (such as a shard's
  /// gradients).
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

/// A place in the tree of names, through which a layer registers its parameters: `Linear(scope / "query", ...)`.
/// Cheap to copy. To register is to own a leaf that requires a gradient; a path taken twice throws.
class Scope {
 public:
  Scope(ParameterStore& store, std::string path) : store_(&store), path_(std::move(path)) {}

  /// The scope below: scope / "layers" / 0 has the path "layers.0".
  Scope operator/(std::string_view child) const;
  Scope operator/(Index child) const { return *this / std::to_string(child); }

  const std::string& path() const { return path_; }
  DType dtype() const { return store_->dtype(); }

  /// U(±1 / sqrt(fan_in)), PyTorch's choice for linear and convolution weights.
  Tensor uniform(std::string_view name, const Shape& shape) const;
  Tensor uniform(std::string_view name, const Shape& shape, double bound) const;
  Tensor normal(std::string_view name, const Shape& shape, double std) const;
  Tensor zeros(std::string_view name, const Shape& shape) const;
  Tensor ones(std::string_view name, const Shape& shape) const;
  Tensor xavier_uniform(std::string_view name, const Shape& shape) const;
  Tensor orthogonal(std::string_view name, const Shape& shape) const;

  /// Tied weights: a second path to a parameter of the same store, which is counted, saved and trained once.
  Tensor share(std::string_view name, const Tensor& parameter) const;

 private:
  std::string path_of(std::string_view name) const;
  Philox random(const std::string& path) const;

  ParameterStore* store_;
  std::string path_;
};

}  // namespace gradus::nn
