#pragma once

#include <initializer_list>
#include <limits>
#include <string>

#include <gradus/autograd/engine/observer.h>
#include <gradus/autograd/engine/tensor.h>

// Checks of a layer's inputs. Their errors contain the layer's path, the expected shape and the caller's line: a layer
// keeps the path of its scope, and its functions take the caller's Place last and pass it on.
namespace gradus::nn {

class Scope;

/// A call of a layer: its name in messages. While it exists, ops of this thread belong to the layer (Region).
struct LayerCall {
  const char* type;         // the layer's name in C++
  const std::string& path;  // of the layer's scope
  Place place;              // of the call
  Region region{path};      // the ops of this thread belong to it
};
/// "Linear 'decoder.query'"; the type alone at the root.
std::string to_string(const LayerCall& layer);

/// An axis of an expected shape: its size, or a name where any size fits.
class ExpectedAxis {
 public:
  /// Converts from a name or a size implicitly.
  ExpectedAxis(const char* name) : name_(name) {}
  ExpectedAxis(Index size) : size_(size) {}
  /// Null for a size.
  const char* name() const { return name_; }
  /// 0 for a name.
  Index size() const { return size_; }

 private:
  const char* name_ = nullptr;  // null for a size
  Index size_ = 0;
};

/// The axes of an expected shape. "..." as the first or the last one stands for any number of axes.
using ExpectedAxes = std::initializer_list<ExpectedAxis>;

/// Throws an Error unless `x` has these axes: check_shape(layer, "x", x, {"...", in}).
void check_shape(const LayerCall& layer, const char* what, const Tensor& x, ExpectedAxes axes);
/// Also unless it has the dtype.
void check_input(const LayerCall& layer, const char* what, const Tensor& x, DType dtype, ExpectedAxes axes);
/// Throws an Error unless the ids are i64 and in [0, bound).
void check_ids(const LayerCall& layer, const Tensor& ids, Index bound);
/// Throws an Error unless a network, whose scope has the path, can have the number of layers: 1 to 1000.
void check_layers(const std::string& path, Index layers);
/// Returns the scope. Throws an Error unless the layer's option is from 0 to `most`.
const Scope& check_option(const Scope& scope, const char* option, double value,
                          double most = std::numeric_limits<double>::infinity());
/// Throws an Error unless there are `count` positions from `start` on. `what` begins the message.
void check_start(const char* what, Index start, Index count, const Place& place);

}  // namespace gradus::nn
