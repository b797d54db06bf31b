#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>

#include "catch.h"

// Ops that work on tiles, runs and rows of elements, beside one element at a time. The shapes fill some blocks and
// leave a rest; the table of gradient checks has small ones.
namespace gradus::autograd_blocks_test {
namespace {

using Position = std::vector<Index>;

constexpr Index extents[] = {19, 35, 131};
const Shape shape{extents[0], extents[1], extents[2]};

Tensor random(std::uint64_t stream = 1) { return Tensor::normal(shape, 0, 1, Philox(1, stream)); }

Index offset(const Shape& s, const Position& at) {
  Index k = 0;
  for (Index d = 0; d < s.rank(); ++d) k = k * s[d] + at[static_cast<std::size_t>(d)];
  return k;
}

// Calls f at each position of the shape, in order.
void each(const Shape& s, const std::function<void(const Position&)>& f) {
  for (Index k = 0; k < s.numel(); ++k) {
    Position at(static_cast<std::size_t>(s.rank()));
    Index rest = k;
    for (Index d = s.rank(); d-- > 0; rest /= s[d]) at[static_cast<std::size_t>(d)] = rest % s[d];
    f(at);
  }
}

float value(const Tensor& x, const Position& at) { return x.data<float>()[offset(x.shape(), at)]; }

// y is f at each position.
void equals(const Tensor& y, const std::function<float(const Position&)>& f) {
  Index wrong = 0;
  each(y.shape(), [&](const Position& at) { wrong += value(y, at) != f(at); });
  CHECK(wrong == 0);
}

Position moved(Position at, Index axis, Index entry) {
  at[static_cast<std::size_t>(axis)] = entry;
  return at;
}
Index entry(const Position& at, Index axis) { return at[static_cast<std::size_t>(axis)]; }

// Ids along the axis, for an index of this shape.
Tensor ids(const Shape& s, Index bound) {
  std::vector<Index> all;
  for (Index i = 0; i < s.numel(); ++i)
    all.push_back(
        static_cast<Index>(Philox(2, 1).below(static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(bound))));
  return Tensor::from(all, s);
}

// f gives the same bits, forward and backward, on one thread and on four.
void same_on_threads(const std::function<Tensor(const Tensor&)>& f) {
  std::vector<std::vector<float>> results;
  for (const int n : {1, 4}) {
    set_threads(n);
    const Tensor x = random().set_requires_grad(), y = f(x);
    backward(y, {.seed = Tensor::normal(y.shape(), 0, 1, Philox(3, 1))});
    results.push_back(y.to_vector<float>());
    results.push_back(x.grad().to_vector<float>());
  }
  set_threads(0);
  CHECK(results[0] == results[2]);
  CHECK(results[1] == results[3]);
}

}  // namespace

TEST_CASE("axes in any order hold each element") {
  const Tensor x = random();
  for (const std::vector<Index>& order : {std::vector<Index>{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}) {
    const auto at = [&](const Position& to) {
      Position from(3);
      for (std::size_t d = 0; d < 3; ++d) from[static_cast<std::size_t>(order[d])] = to[d];
      return value(x, from);
    };
    equals(permute(x, order), at);
    same_on_threads([&](const Tensor& t) { return permute(t, order); });
  }
}

TEST_CASE("entries chosen along each axis are the elements at their indices") {
  const Tensor x = random();
  for (Index axis = 0; axis < 3; ++axis) {
    CAPTURE(axis);
    // An index may be smaller than x along the other axes.
    Shape smaller{extents[0] - 2, extents[1] - 3, extents[2] - 5};
    smaller[axis] = 70;
    const Tensor index = ids(smaller, extents[axis]), line = ids({70}, extents[axis]);
    const auto id = [](const Tensor& t, const Position& at) { return t.data<Index>()[offset(t.shape(), at)]; };
    equals(gather(x, axis, index), [&](const Position& at) { return value(x, moved(at, axis, id(index, at))); });
    equals(index_select(x, axis, line),
           [&](const Position& at) { return value(x, moved(at, axis, line.data<Index>()[entry(at, axis)])); });
    equals(flip(x, axis),
           [&](const Position& at) { return value(x, moved(at, axis, extents[axis] - 1 - entry(at, axis))); });
    equals(roll(x, 3, axis), [&](const Position& at) {
      return value(x, moved(at, axis, (entry(at, axis) + extents[axis] - 3) % extents[axis]));
    });
    equals(slice(x, axis, 1, extents[axis], 4),
           [&](const Position& at) { return value(x, moved(at, axis, 1 + 4 * entry(at, axis))); });

    // Entries with one target add, or the last one counts, in the order of the index.
    const Tensor source = Tensor::normal(smaller, 0, 1, Philox(1, 2));
    std::vector<float> sums = x.to_vector<float>(), last = sums;
    each(smaller, [&](const Position& at) {
      const auto to = static_cast<std::size_t>(offset(shape, moved(at, axis, id(index, at))));
      sums[to] += value(source, at);
      last[to] = value(source, at);
    });
    CHECK(scatter_add(x, axis, index, source).to_vector<float>() == sums);
    CHECK(scatter(x, axis, index, source).to_vector<float>() == last);

    same_on_threads([&](const Tensor& t) { return gather(t, axis, index); });
    same_on_threads([&](const Tensor& t) { return index_select(t, axis, line); });
    same_on_threads(
        [&](const Tensor& t) { return scatter_add(t, axis, index, source) + scatter(t, axis, index, source); });
    same_on_threads([&](const Tensor& t) { return flip(t, axis) + roll(t, -1, axis); });
  }
}

TEST_CASE("the first wrong id of a long index is named") {
  const Tensor x = random();
  for (const Index bad : {Index{0}, Index{16383}, Index{16384}, Index{99'998}}) {
    std::vector<Index> all(100'000, 0);
    all[static_cast<std::size_t>(bad)] = extents[0];
    all.back() = -1;
    CHECK_THROWS_WITH(index_select(x, 0, Tensor::from(all, {100'000})),
                      Catch::Matchers::ContainsSubstring("id 19 at position " + std::to_string(bad) + " is outside"));
  }
}

TEST_CASE("running sums and products follow their axis") {
  const Tensor x = random();
  for (Index axis = 0; axis < 3; ++axis) {
    CAPTURE(axis);
    std::vector<float> sums = x.to_vector<float>(), products = sums;
    each(shape, [&](const Position& at) {
      if (entry(at, axis) == 0) return;
      const auto here = static_cast<std::size_t>(offset(shape, at)),
                 before = static_cast<std::size_t>(offset(shape, moved(at, axis, entry(at, axis) - 1)));
      sums[here] += sums[before];
      products[here] *= products[before];
    });
    CHECK(cumsum(x, axis).to_vector<float>() == sums);
    CHECK(cumprod(x, axis).to_vector<float>() == products);
    same_on_threads([&](const Tensor& t) { return cumsum(t, axis) + cumprod(t, axis); });
  }
}

TEST_CASE("extremes along each axis are elements, with the first index") {
  const Tensor x = round(random() * 4.0);  // with repeated values
  for (Index axis = 0; axis < 3; ++axis) {
    CAPTURE(axis);
    Shape rest = shape;
    rest[axis] = 1;
    for (const bool largest : {true, false}) {
      const Tensor extreme = largest ? max(x, axis, true) : min(x, axis, true);
      const Tensor index = largest ? argmax(x, axis, true) : argmin(x, axis, true);
      Index wrong = 0;
      each(rest, [&](const Position& at) {
        Index best = 0;
        const auto v = [&](Index e) { return value(x, moved(at, axis, e)); };
        for (Index e = 1; e < extents[axis]; ++e)
          if (largest ? v(e) > v(best) : v(e) < v(best)) best = e;
        wrong += value(extreme, at) != v(best) || index.data<Index>()[offset(rest, at)] != best;
      });
      CHECK(wrong == 0);
    }
    same_on_threads([&](const Tensor& t) { return max(t, axis) + min(t, axis) + prod(t, axis); });
  }
}

TEST_CASE("a NaN anywhere in a row is its extreme, and the first one has the index") {
  for (const Index n : {Index{3}, Index{16}, Index{131}}) {
    for (const Index first : {Index{0}, n / 2, n - 1}) {
      CAPTURE(n, first);
      std::vector<float> row(static_cast<std::size_t>(n), 1.0f);
      row[static_cast<std::size_t>(first)] = row[static_cast<std::size_t>(n - 1)] = NAN;
      const Tensor x = Tensor::from(row, {1, n});
      CHECK(std::isnan(max(x, -1).item()));
      CHECK(std::isnan(min(x, -1).item()));
      CHECK(argmax(x, -1).item() == static_cast<double>(first));
      CHECK(argmin(x, -1).item() == static_cast<double>(first));
    }
  }
}

TEST_CASE("products of matrices of all sizes and their gradients are sums of products, in shards too") {
  const auto whole_numbers = [](const Shape& of, std::uint64_t stream) {
    return floor(Tensor::uniform(of, -3, 4, Philox(1, stream)));  // products and sums of them are exact
  };
  // [rows, columns] of op(x) op(w), where an op may transpose
  const auto exact = [](const Tensor& x, bool x_t, const Tensor& w, bool w_t) {
    const Index rows = x.shape()[x_t ? 1 : 0], inner = x.shape()[x_t ? 0 : 1], columns = w.shape()[w_t ? 0 : 1];
    std::vector<float> y(static_cast<std::size_t>(rows * columns));
    const float *px = x.data<float>(), *pw = w.data<float>();
    for (Index i = 0; i < rows; ++i)
      for (Index p = 0; p < inner; ++p)
        for (Index j = 0; j < columns; ++j)
          y[static_cast<std::size_t>(i * columns + j)] +=
              px[x_t ? p * rows + i : i * inner + p] * pw[w_t ? j * inner + p : p * columns + j];
    return y;
  };
  struct Sizes {
    Index m, n, k;
  };
  for (const auto& [m, n, k] : {Sizes{1, 1, 1}, Sizes{9, 70, 300}, Sizes{300, 100, 70}, Sizes{257, 65, 520},
                                Sizes{1100, 40, 260}, Sizes{520, 129, 1030}, Sizes{260, 270, 1100}}) {
    CAPTURE(m, n, k);
    const Tensor a = whole_numbers({m, k}, 1), b = whole_numbers({k, n}, 2), dy = whole_numbers({m, n}, 3);
    const std::vector<float> y = exact(a, false, b, false), da = exact(dy, false, b, true),
                             db = exact(a, true, dy, false);
    const auto as_expected = [&] {
      const Tensor x = clone(a).set_requires_grad(), w = clone(b).set_requires_grad(), z = matmul(x, w);
      backward(z, {.seed = dy});
      return z.to_vector<float>() == y && x.grad().to_vector<float>() == da && w.grad().to_vector<float>() == db;
    };
    CHECK(as_expected());
    bool in_shards[2] = {};
    run_shards(2, [&](Index i) { in_shards[i] = as_expected(); });
    CHECK((in_shards[0] && in_shards[1]));
  }
}

TEST_CASE("products of rows are products of their elements") {
  const Tensor x = Tensor::uniform({7, 131}, 0.9, 1.1, Philox(1, 1));
  const Tensor y = prod(x, -1);
  for (Index r = 0; r < 7; ++r) {
    double product = 1;
    for (Index i = 0; i < 131; ++i) product *= static_cast<double>(x.data<float>()[r * 131 + i]);
    CHECK(static_cast<double>(y.data<float>()[r]) == Approx(product).epsilon(1e-5));
  }
  CHECK(prod(Tensor::from<Index>({3, -2, 7}, {3})).item() == -42);
}

TEST_CASE("the few first elements of a row are those of the sorted row") {
  const Tensor x = random();
  for (const Index k : {Index{1}, Index{3}, Index{8}, Index{9}, Index{60}, Index{131}}) {
    for (const bool largest : {true, false}) {
      CAPTURE(k, largest);
      const auto few = topk(x, k, -1, largest), all = sort(x, -1, largest);
      CHECK(few.values.to_vector<float>() == narrow(all.values, -1, 0, k).to_vector<float>());
      CHECK(few.indices.to_vector<Index>() == narrow(all.indices, -1, 0, k).to_vector<Index>());
    }
  }
}

TEST_CASE("group norm is layer norm of the numbers of each group") {
  const Tensor x = random();  // 35 channels
  const Tensor rows = reshape(x, {extents[0], 5, 7 * extents[2]});
  CHECK(group_norm(x, 5).to_vector<float>() == layer_norm(rows).to_vector<float>());
  const Tensor gain = Tensor::normal({extents[1]}, 1, 1, Philox(2, 1));
  same_on_threads([&](const Tensor& t) { return group_norm(t, 5, gain); });
}

TEST_CASE("random tensors hold the numbers of their indices") {
  const Philox random(5, 7);
  for (const Index n : {Index{1}, Index{31}, Index{64}, Index{20'000}}) {
    const Tensor uniform = Tensor::uniform({n}, -1, 3, random, DType::f64),
                 normal = Tensor::normal({n}, 1, 2, random, DType::f64);
    Index wrong = 0;
    for (Index i = 0; i < n; ++i) {
      const auto k = static_cast<std::uint64_t>(i);
      wrong += uniform.data<double>()[i] != -1 + 4 * random.uniform(k);
      wrong += normal.data<double>()[i] != 1 + 2 * random.normal(k);
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("blocks of short quotients divide as single pairs do") {
  // One long quotient in a block sends all of it to the other way.
  std::vector<float> a, b;
  for (int i = 0; i < 4000; ++i) {
    const auto k = static_cast<std::uint64_t>(i);
    const double size = std::ldexp(1.0, static_cast<int>(Philox(4, 1).below(k, 40)) - 20);
    float u = static_cast<float>(size * Philox(4, 2).normal(k)), v = static_cast<float>(Philox(4, 3).normal(k));
    if (i % 7 == 0) u = v * static_cast<float>(i);           // whole quotients, or almost
    if (i % 11 == 0) u = std::nextafter(v * 3.0f, -100.0f);  // just below or above
    if (i % 13 == 0) u = i % 2 ? -0.0f : 0.0f;
    a.push_back(u);
    b.push_back(v);
  }
  const auto differences = [&](const Tensor& rest, const Tensor& whole) {
    Index wrong = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double u = a[i], v = b[i], exact = std::fmod(u, v);
      const bool down = exact != 0 && (exact < 0) != (v < 0);
      const auto r = static_cast<float>(down ? exact + v : exact);
      const auto q = static_cast<float>(std::nearbyint((u - exact) / v) - (down ? 1 : 0));
      const float mine = rest.data<float>()[i], quotient = whole.data<float>()[i];
      wrong += mine != r || std::signbit(mine) != std::signbit(r) || quotient != q;
    }
    return wrong;
  };
  const auto count = static_cast<Index>(a.size());
  const Tensor x = Tensor::from(a, {count}), y = Tensor::from(b, {count});
  CHECK(differences(remainder(x, y), floor_divide(x, y)) == 0);
  std::vector<Tensor> rests, wholes;
  for (Index i = 0; i < count; ++i) {
    rests.push_back(remainder(narrow(x, 0, i, 1), narrow(y, 0, i, 1)));
    wholes.push_back(floor_divide(narrow(x, 0, i, 1), narrow(y, 0, i, 1)));
  }
  CHECK(differences(concat(rests, 0), concat(wholes, 0)) == 0);
  const Tensor far = Tensor::from<float>({1e30f, -1e30f, INFINITY, 1, 5, NAN}, {6}),
               near = Tensor::from<float>({3, 3, 2, INFINITY, 0, 1}, {6});
  CHECK(remainder(far, near).data<float>()[0] == std::fmod(1e30f, 3.0f));
  CHECK(std::isnan(remainder(far, near).data<float>()[2]));
  CHECK(remainder(far, near).data<float>()[3] == 1);
  CHECK(floor_divide(far, near).data<float>()[4] == INFINITY);
}

TEST_CASE("where takes each element from its side, broadcast or not") {
  const Tensor mask = greater(random(3), 0.0), x = random(1), row = Tensor::normal({extents[2]}, 0, 1, Philox(1, 2));
  equals(where(mask, x, row),
         [&](const Position& at) { return value(mask, at) != 0 ? value(x, at) : row.data<float>()[entry(at, 2)]; });
  equals(where(mask, 2.0, x), [&](const Position& at) { return value(mask, at) != 0 ? 2.0f : value(x, at); });
  const Tensor column = greater(Tensor::normal({extents[1], 1}, 0, 1, Philox(1, 4)), 0.0);
  equals(where(column, x, -1.0),
         [&](const Position& at) { return column.data<float>()[entry(at, 1)] != 0 ? value(x, at) : -1.0f; });
  same_on_threads([&](const Tensor& t) { return where(mask, t, row) + where(column, 1.0, t); });
}

}  // namespace gradus::autograd_blocks_test
