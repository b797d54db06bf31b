#pragma once

#include <functional>
#include <string>
#include <vector>

#include <gradus/checks/op_table.h>

// Functions that add rows to the op table. checks/op_rows/ has one file per family of ops, named as in autograd/ops/.
namespace gradus::checks {

using Tensors = std::vector<Tensor>;

struct Range {
  double low = -2, high = 2;
};

/// Uniform numbers that require a gradient. Equal arguments give equal numbers.
Tensor random(const Shape& shape, Range range = {}, std::uint64_t stream = 0);
/// These numbers, which require a gradient.
Tensor leaf(const std::vector<double>& values, const Shape& shape);
Tensor ids(const std::vector<Index>& values, const Shape& shape);
Tensor mask(const std::vector<double>& values, const Shape& shape);
/// `values` in the dtype of x.
Tensor like(const Tensor& x, const Tensor& values);

class Rows {
 public:
  using Unary = std::function<Tensor(const Tensor&)>;
  using Binary = std::function<Tensor(const Tensor&, const Tensor&)>;

  std::vector<Row> all;

  /// One row. `op` is the signature as declared, `what` the case.
  Row& add(const std::string& op, const std::string& what, const Tensors& inputs, GradcheckFunction f);
  /// One row whose gradient is zero everywhere, or has no elements.
  void vacuous(const std::string& op, const std::string& what, const Tensors& inputs, GradcheckFunction f);
  /// One row at a point without a derivative.
  void kink(const std::string& op, const std::string& what, const Tensors& inputs, GradcheckFunction f);
  /// One row of random numbers of a shape; vacuous when it has no elements.
  void shaped(const std::string& op, const std::string& what, const Shape& shape, const Unary& f);
  /// An elementwise op of one tensor: a matrix, a scalar, one element, a long vector, no elements.
  void unary(const std::string& op, Range range, const Unary& f, const std::string& what = "");
  /// An elementwise op of one tensor, per number, so that large derivatives do not hide small ones. Returns the
  /// last row.
  Row& at(const std::string& op, const std::vector<double>& numbers, const Unary& f, double f32 = 2e-6);
  /// An elementwise op of two tensors: every kind of broadcasting, and no elements. If the ranges are equal, also of a
  /// tensor with itself.
  void binary(const std::string& op, const Binary& f) { binary(op, "", {}, {}, f); }
  void binary(const std::string& op, const std::string& what, Range a, Range b, const Binary& f);
};

void add_arithmetic(Rows& rows);
void add_functions(Rows& rows);
void add_comparison(Rows& rows);
void add_shape(Rows& rows);
void add_slicing(Rows& rows);
void add_joining(Rows& rows);
void add_copying(Rows& rows);
void add_indexing(Rows& rows);
void add_reduction(Rows& rows);
void add_softmax(Rows& rows);
void add_matmul(Rows& rows);
void add_attention(Rows& rows);
void add_layer_norm(Rows& rows);
void add_dropout(Rows& rows);
void add_convolution(Rows& rows);
void add_pooling(Rows& rows);
void add_normalization(Rows& rows);
void add_cells(Rows& rows);
void add_losses(Rows& rows);
void add_activations(Rows& rows);
void add_ctc(Rows& rows);
void add_einsum(Rows& rows);
void add_sampling(Rows& rows);
void add_creation(Rows& rows);
void add_rounding(Rows& rows);
void add_norms(Rows& rows);
void add_sorting(Rows& rows);
void add_products(Rows& rows);
void add_diagonals(Rows& rows);
void add_repeating(Rows& rows);
void add_division(Rows& rows);

}  // namespace gradus::checks
