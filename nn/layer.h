#pragma once

#include <initializer_list>
#include <string>

#include <gradus/autograd/engine/tensor.h>

// Checks of a layer's inputs. Their errors contain the layer's path, the expected shape and the caller's line: a layer
// keeps the path of its scope, and its functions take the caller's Place last and pass it on.
namespace gradus::nn {

/// A layer in messages.
struct LayerName {
  const char* type;
  const std::string& path;  // of the layer's scope
  Place place;              // of the call
};
/// "Linear 'decoder.query'"; the type alone at the root.
std::string to_string(const LayerName& layer);

/// An axis of an expected shape: its size, or a name where any size fits.
class ExpectedAxis {
 public:
  ExpectedAxis(const char* name) : name_(name) {}
  ExpectedAxis(Index size) : size_(size) {}
  const char* name() const { return name_; }
  Index size() const { return size_; }

 private:
  const char* name_ = nullptr;  // null for a size
  Index size_ = 0;
};

/// The axes of an expected shape. "..." as the first or the last one stands for any number of axes.
using ExpectedAxes = std::initializer_list<ExpectedAxis>;

/// Throws an Error unless `x` has these axes: check_shape({"Linear", path, place}, "x", x, {"...", in}).
void check_shape(const LayerName& layer, const char* what, const Tensor& x, ExpectedAxes axes);
/// Also unless it has the dtype.
void check_input(const LayerName& layer, const char* what, const Tensor& x, DType dtype, ExpectedAxes axes);
/// Throws an Error unless the ids are i64 and in [0, bound).
void check_ids(const LayerName& layer, const Tensor& ids, Index bound);

}  // namespace gradus::nn
