// Products in bf16: their definition, and the same bits everywhere.
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/foundation/internal/bf16_gemm.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>

#include "catch.h"

namespace gradus::autograd_bf16_test {

using blas::Transpose;

namespace {

std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }

// The nearest number with 8 significant bits, ties to even.
float rounded(float x) {
  int exponent;
  const float share = std::frexp(x, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(share, 8)), exponent - 8);
}

std::vector<float> normals(Index n, std::uint64_t stream) {
  return Tensor::normal({n}, 0, 1, Philox(1, stream)).to_vector<float>();
}

struct Sizes {
  Index m, n, k;
};
// Tiles have 16 rows, 16 columns and 32 numbers along k; 2048 numbers along k are packed at a time.
const std::vector<Sizes> all_sizes = {{1, 1, 1}, {5, 7, 33}, {16, 16, 32}, {48, 33, 100}, {65, 130, 70}, {3, 17, 2100}};

struct Product {
  Sizes size;
  bool a_transposed, b_transposed;
  int start;  // 0: none, 1: C, 2: one row
  std::vector<float> a, b, c;

  Product(Sizes s, bool a_t, bool b_t, int from)
      : size(s),
        a_transposed(a_t),
        b_transposed(b_t),
        start(from),
        a(normals(s.m * s.k, 1)),
        b(normals(s.k * s.n, 2)),
        c(normals(s.m * s.n, 3)) {}

  float a_at(Index i, Index p) const {
    return a[static_cast<std::size_t>(a_transposed ? p * size.m + i : i * size.k + p)];
  }
  float b_at(Index p, Index j) const {
    return b[static_cast<std::size_t>(b_transposed ? j * size.k + p : p * size.n + j)];
  }
  std::vector<float> by(const bf16::Kernel& kernel) const {
    std::vector<float> out = c;
    const Onto<float> onto = start == 0   ? Onto<float>{}
                             : start == 1 ? Onto<float>{out.data(), size.n}
                                          : Onto<float>{c.data(), 0};
    bf16::gemm(a_transposed ? Transpose::yes : Transpose::no, b_transposed ? Transpose::yes : Transpose::no, size.m,
               size.n, size.k, a.data(), a_transposed ? size.m : size.k, b.data(), b_transposed ? size.k : size.n, onto,
               out.data(), size.n, kernel);
    return out;
  }
  float defined(Index i, Index j) const {
    float sum = start == 0 ? 0.0F : c[static_cast<std::size_t>((start == 1 ? i * size.n : 0) + j)];
    for (Index p = 0; p < size.k; p += bf16::depth) {
      float of_places[2] = {};
      for (Index q = p; q < std::min(size.k, p + bf16::depth); ++q) {
        float& s = of_places[q % 2];
        s = std::fma(rounded(a_at(i, q)), rounded(b_at(q, j)), s);
      }
      sum += of_places[0] + of_places[1];
    }
    return sum;
  }
};

template <class F>
void each_product(F f) {
  for (const Sizes& size : all_sizes) {
    for (int variant = 0; variant < 12; ++variant) {
      CAPTURE(size.m, size.n, size.k, variant);
      f(Product(size, variant % 2 == 1, variant / 2 % 2 == 1, variant / 4));
    }
  }
}

}  // namespace

TEST_CASE("an element of a bf16 product is the sum that its definition says, by each kernel of this machine") {
  each_product([](const Product& product) {
    std::vector<std::uint32_t> expected;
    for (Index i = 0; i < product.size.m; ++i)
      for (Index j = 0; j < product.size.n; ++j) expected.push_back(bits(product.defined(i, j)));
    for (const bf16::Kernel& kernel : bf16::kernels()) {
      std::vector<std::uint32_t> found;
      for (const float x : product.by(kernel)) found.push_back(bits(x));
      CAPTURE(kernel.name);
      CHECK(found == expected);
    }
  });
}

TEST_CASE("bf16 kernels agree on infinities, NaN, and numbers that are too large or too small") {
  constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const float special[] = {0, -0.0F, 1e-40F, -1e-40F, 1e-38F, 3e-39F, 1e-20F, 3.4e38F, -3.4e38F, 1, infinity, nan};
  Product product({20, 20, 40}, false, false, 1);
  for (std::size_t i = 0; i < product.a.size(); i += 7) product.a[i] = special[i / 7 % std::size(special)];
  for (std::size_t i = 0; i < product.b.size(); i += 5) product.b[i] *= 1e-30F;
  const std::vector<float> expected = product.by(bf16::kernels().back());
  for (const bf16::Kernel& kernel : bf16::kernels()) {
    CAPTURE(kernel.name);
    const std::vector<float> found = product.by(kernel);
    for (std::size_t i = 0; i < found.size(); ++i)
      CHECK((std::isnan(expected[i]) ? std::isnan(found[i]) : bits(found[i]) == bits(expected[i])));
  }
}

TEST_CASE("Bf16Products rounds the operands of f32 products, and changes no others") {
  const Tensor almost_one = Tensor::from(std::vector<float>{1.0F + 0x1p-9F}, {1, 1}), one = Tensor::ones({1, 1}),
               in_f64 = Tensor::from(std::vector<double>{1 + 0x1p-9}, {1, 1});
  CHECK(matmul(almost_one, one).item() == 1 + 0x1p-9);
  {
    const Bf16Products scope;
    CHECK(bf16_products());
    CHECK(matmul(almost_one, one).item() == 1);
    CHECK(linear(one, almost_one, Tensor::from(std::vector<float>{0x1p-20F}, {1})).item() == 1 + 0x1p-20);
    CHECK(matmul(in_f64, in_f64).item() == (1 + 0x1p-9) * (1 + 0x1p-9));
    CHECK((almost_one * one).item() == 1 + 0x1p-9);
  }
  CHECK(!bf16_products());
}

TEST_CASE("gradients under Bf16Products are products of rounded numbers too") {
  const Tensor x = Tensor::from(normals(6 * 40, 4), {2, 3, 40}), w = Tensor::from(normals(5 * 40, 5), {5, 40}),
               dy = Tensor::from(normals(6 * 5, 6), {2, 3, 5});
  const auto rounded_all = [](const Tensor& t) {
    std::vector<float> all = t.to_vector<float>();
    for (float& value : all) value = rounded(value);
    return Tensor::from(all, t.shape());
  };
  // The gradients of Σ linear(x, w) dy. The result's gradient is dy.
  const auto gradients = [](Tensor in, Tensor weight, const Tensor& seed) {
    in.set_requires_grad(true);
    weight.set_requires_grad(true);
    backward(linear(in, weight), {.seed = seed});
    return std::pair(in.grad().to_vector<float>(), weight.grad().to_vector<float>());
  };
  const auto exact = gradients(rounded_all(x), rounded_all(w), rounded_all(dy));
  const Bf16Products scope;
  const auto found = gradients(x.detach(), w.detach(), dy);
  const auto near = [](const std::vector<float>& a, const std::vector<float>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) < 1e-5);
  };
  near(found.first, exact.first);
  near(found.second, exact.second);
}

TEST_CASE("a row of a bf16 product has the same bits alone, among others, and at any number of threads") {
  const Tensor x = Tensor::from(normals(300 * 200, 7), {300, 200}), w = Tensor::from(normals(500 * 200, 8), {500, 200});
  const Bf16Products scope;
  set_threads(1);
  const std::vector<float> all = linear(x, w).to_vector<float>();
  for (const int n : {2, 3, 8}) {
    set_threads(n);
    CHECK(linear(x, w).to_vector<float>() == all);
  }
  set_threads(0);
  for (const Index row : {0, 17, 299}) {
    const std::vector<float> alone = linear(narrow(x, 0, row, 1), w).to_vector<float>();
    CHECK(std::equal(alone.begin(), alone.end(), all.begin() + row * 500));
  }
}

TEST_CASE("a parameter's kept copy in bf16 has the bits of a value that is packed for each product") {
  const Bf16Products scope;
  for (const auto& [out, in] : {std::pair<Index, Index>{40, 33}, {17, 2100}, {2100, 17}}) {
    Tensor parameter = Tensor::from(normals(out * in, 1), {out, in});
    parameter.set_requires_grad();
    const Tensor value = clone(parameter.detach());
    for (const Index rows : {1, 16, 256, 257}) {
      CAPTURE(out, in, rows);
      const Tensor x = Tensor::from(normals(rows * in, 2), {rows, in}),
                   y = Tensor::from(normals(rows * out, 3), {rows, out});
      CHECK(linear(x, parameter).to_vector<float>() == linear(x, value).to_vector<float>());
      CHECK(linear(x, parameter, y).to_vector<float>() == linear(x, value, y).to_vector<float>());
      CHECK(matmul(y, parameter).to_vector<float>() == matmul(y, value).to_vector<float>());
    }
    const NoGrad no_grad;
    parameter.mutable_data<float>()[5] += 1;
    const Tensor x = Tensor::from(normals(in, 2), {1, in});
    CHECK(linear(x, parameter).to_vector<float>() == linear(x, clone(parameter.detach())).to_vector<float>());
  }
}

TEST_CASE("batched products of one row, column or inner number are not rounded to bf16") {
  for (const auto& [m, k, n] : {std::tuple<Index, Index, Index>{1, 7, 9}, {7, 9, 1}, {7, 1, 9}}) {
    const Tensor a = Tensor::from(normals(3 * m * k, 1), {3, m, k}), b = Tensor::from(normals(3 * k * n, 2), {3, k, n});
    const std::vector<float> plain = matmul(a, b).to_vector<float>();
    const Bf16Products scope;
    CHECK(matmul(a, b).to_vector<float>() == plain);
  }
  const Tensor a = Tensor::from(normals(3 * 2 * 7, 1), {3, 2, 7}), b = Tensor::from(normals(3 * 7 * 9, 2), {3, 7, 9});
  const std::vector<float> plain = matmul(a, b).to_vector<float>();
  const Bf16Products scope;
  CHECK(matmul(a, b).to_vector<float>() != plain);
}

TEST_CASE("a checkpointed part is recomputed in bf16 if its products were in bf16") {
  const Tensor x = Tensor::from(normals(3 * 40, 9), {3, 40});
  Tensor w = Tensor::from(normals(40 * 40, 10), {40, 40});
  w.set_requires_grad(true);
  const auto part = [&](const std::vector<Tensor>& in) { return tanh(matmul(in[0], w)); };
  std::optional<Bf16Products> scope(std::in_place);
  backward(sum(part({x})));
  const std::vector<float> plain = w.grad().to_vector<float>();
  w.zero_grad();
  const Tensor y = checkpoint(part, {x});
  scope.reset();
  backward(sum(y));
  CHECK(w.grad().to_vector<float>() == plain);
}

}  // namespace gradus::autograd_bf16_test
