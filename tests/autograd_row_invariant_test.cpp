// Products whose rows have the same bits alone and among others, with weights that are packed once.
#include <vector>

#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>

#include "catch.h"

namespace gradus::autograd_row_invariant_test {
namespace {

Tensor normals(const Shape& shape, std::uint64_t stream, DType dtype = DType::f32) {
  return Tensor::normal(shape, 0, 1, Philox(1, stream), dtype);
}

bool same(const Tensor& a, const Tensor& b) {
  return a.dtype() == DType::f32 ? a.to_vector<float>() == b.to_vector<float>()
                                 : a.to_vector<double>() == b.to_vector<double>();
}

// A parameter. Parameters are packed; other weights are not.
Tensor parameter(Tensor values) {
  values.set_requires_grad(true);
  return values;
}

}  // namespace

TEST_CASE("a row-invariant product with a packed weight has the bits of one without, for any number of rows") {
  const NoGrad no_grad;
  const RowInvariant row_invariant;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const Index out : {1, 15, 43, 128, 290}) {
      for (const Index in : {1, 64, 1030, 2100}) {
        const Tensor weight = normals({out, in}, 1, dtype), bias = normals({out}, 2, dtype),
                     packed = parameter(clone(weight.detach()));
        for (const Index rows : {1, 2, 3, 5, 70}) {
          const Tensor x = normals({rows, in}, 3, dtype), start = normals({rows, out}, 4, dtype);
          CAPTURE(dtype, out, in, rows);
          CHECK(same(linear(x, packed), linear(x, weight)));
          CHECK(same(linear(x, packed, bias), linear(x, weight, bias)));
          CHECK(same(linear(x, packed, start), linear(x, weight, start)));
          CHECK(same(linear(narrow(x, 0, rows - 1, 1), packed), narrow(linear(x, packed), 0, rows - 1, 1)));
        }
      }
    }
  }
}

TEST_CASE("a part of a parameter is packed as the parameter is, and has the bits of its own copy") {
  const NoGrad no_grad;
  const RowInvariant row_invariant;
  const Tensor whole = parameter(normals({90, 50}, 1)), x = normals({2, 50}, 2);
  for (const Index first : {0, 30, 60}) {
    const Tensor part = narrow(whole, 0, first, 30), copy = clone(part.detach());
    CHECK(part.storage()->holds_leaf());
    CHECK_FALSE(copy.storage()->holds_leaf());
    CHECK(same(linear(x, part), linear(x, copy)));
  }
}

TEST_CASE("a packed weight that is written to is packed again") {
  const NoGrad no_grad;
  const RowInvariant row_invariant;
  Tensor weight = parameter(normals({40, 50}, 1));
  const Tensor x = normals({2, 50}, 2), before = linear(x, weight);
  weight.mutable_data<float>()[7] += 1;
  const Tensor after = linear(x, weight);
  CHECK(!same(after, before));
  CHECK(same(after, linear(x, clone(weight.detach()))));
}

}  // namespace gradus::autograd_row_invariant_test
