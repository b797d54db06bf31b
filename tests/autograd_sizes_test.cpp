// Sizes whose products and sums do not fit, and sizes that fit but cannot be had.
#include <functional>
#include <limits>

#include <gradus/autograd/ops.h>

#include "catch.h"

namespace gradus::autograd_sizes_test {

using Catch::Matchers::ContainsSubstring;

namespace {

constexpr Index most = std::numeric_limits<Index>::max();

Index power(int exponent) { return Index{1} << exponent; }

// Tensors of large shapes without elements.
Tensor none(const Shape& shape) { return Tensor::zeros(shape); }

struct Refused {
  std::string text;  // of the message
  std::function<void()> call;
};

const std::string limit = "the limit is 576460752303423488 elements";

}  // namespace

TEST_CASE("regression: sizes whose product or sum overflows were read and written out of bounds") {
  const Tensor vector = Tensor::zeros({5}), scalar = Tensor::zeros({}), ids = Tensor::zeros({1}, DType::i64);
  const std::vector<Refused> calls = {
      {"[4611686018427387905]: " + limit, [] { Tensor::ones({power(62) + 1}); }},
      {"[2305843009213693953]: " + limit, [] { Tensor::arange(power(61) + 1); }},
      {"[1099511627776, 1099511627776]: " + limit,
       [] {
         Tensor::zeros({power(40), power(40)});
       }},
      {"[1099511627776, 0, 1099511627776]: " + limit,
       [] {
         Tensor::zeros({power(40), 0, power(40)});
       }},
      {"[4294967296, 4294967296]: " + limit,
       [] {
         Tensor::from(std::vector<float>{}, {power(32), power(32)});
       }},
      {"[-1]: extents must not be negative", [] { Tensor::empty({-1}); }},
      {"[-4294967296, -4294967296]: extents",
       [] {
         Tensor::empty({-power(32), -power(32)});
       }},
      {"[8589934592, 8589934592]: " + limit, [] { causal_mask(power(33)); }},
      {"reshape: no tensor has shape [4611686018427387905, 4]: " + limit,
       [] {
         reshape(Tensor::zeros({4}), {power(62) + 1, 4});
       }},
      {"reshape: no tensor has shape [4611686018427387904, 1, 4]: " + limit,
       [] {
         reshape(Tensor::zeros({4}), {power(62), -1, 4});
       }},
      {"reshape: no tensor has shape [-2, -2]: extents",
       [] {
         reshape(Tensor::zeros({4}), {-2, -2});
       }},
      {"expand: no tensor has shape [1099511627776, 1099511627776]: " + limit,
       [&] {
         expand(scalar, {power(40), power(40)});
       }},
      {"expand: no tensor has shape [-3]: extents", [&] { expand(scalar, {-3}); }},
      {"add: no tensor has shape [1099511627776, 1099511627776, 0]: " + limit,
       [] {
         add(none({power(40), 1, 0}), none({1, power(40), 0}));
       }},
      {"narrow: start 3 and length 9223372036854775807 are outside axis 0", [&] { narrow(vector, 0, 3, most); }},
      {"narrow: start 9223372036854775807 and length 1 are", [&] { narrow(vector, 0, most, 1); }},
      {"split: extents [9223372036854775807, 9223372036854775807, 7] do not add up",
       [&] {
         split(vector, {most, most, 7}, 0);
       }},
      {"split: extents [6, -1] do not add up",
       [&] {
         split(vector, {6, -1}, 0);
       }},
      {"pad: no tensor has shape [9223372036854775807]: " + limit, [&] { pad(vector, 0, most, most); }},
      {"pad: no tensor has shape [1099511627776, 1099511627776, 0]: " + limit,
       [] {
         pad(none({power(40), 1, 0}), 1, 0, power(40) - 1);
       }},
      {"concat: no tensor has shape",
       [] {
         concat(std::vector<Tensor>(32, none({power(59), 0})), 0);
       }},
      {"stack: no tensor has shape [2, 576460752303423488, 0]",
       [] {
         stack({none({power(59), 0}), none({power(59), 0})});
       }},
      {"matmul: no tensor has shape [4294967296, 4294967296]: " + limit,
       [] {
         matmul(none({power(32), 0}), none({0, power(32)}));
       }},
      {"matmul: no tensor has shape [2, 4294967296, 4294967296]: " + limit,
       [] {
         matmul(none({2, power(32), 0}), none({0, power(32)}));
       }},
      {"linear: no tensor has shape [4294967296, 4294967296]: " + limit,
       [] {
         linear(none({power(32), 0}), none({power(32), 0}));
       }},
      {"embedding: no tensor has shape [1099511627776, 0, 1099511627776]: " + limit,
       [] {
         embedding(none({0, power(40)}), Tensor::zeros({power(40), 0}, DType::i64));
       }},
      {"index_select: no tensor has shape [2, 576460752303423488, 0]: " + limit,
       [] {
         index_select(none({1, power(59), 0}), 0, Tensor::zeros({2}, DType::i64));
       }},
      {"index_add: no tensor has shape [1099511627776, 1099511627776, 0]: " + limit,
       [&] {
         index_add(none({1, power(40), 0}), 0, ids, power(40));
       }},
      {"index_add: no tensor has shape [-5]: extents",
       [] { index_add(Tensor::zeros({0}), 0, Tensor::zeros({0}, DType::i64), -5); }},
      {"",
       [] {
         unfold(Tensor::zeros({1, 1, 1, 1}), 1, 1, 1, most);
       }},
      {"",
       [] {
         unfold(Tensor::zeros({1, 1, 1, 1}), power(31), power(31), 1, power(31));
       }},
      {"",
       [] {
         fold(Tensor::zeros({1, 1, 1}), {1, 1, power(40), power(40)}, 1, 1, 1, 0);
       }},
      {"attention: no tensor has shape [1, 1, 1099511627776, 1099511627776]: " + limit,
       [] {
         const Tensor x = none({1, power(40), 0});
         attention(x, x, x, 1);
       }},
      {"a view of shape [6] from element 0 on is outside a storage of 5 elements", [&] { vector.alias({6}); }},
      {"a view of shape [2] from element 4 on is outside a storage of 5 elements", [&] { vector.alias({2}, 4); }},
      {"from element 9223372036854775807 on is outside", [&] { narrow(vector, 0, 1, 4).alias({1}, most); }},
      {"alias: the offset -1 into f32 [5] must not be negative", [&] { vector.alias({1}, -1); }},
  };
  for (const Refused& refused : calls) {
    INFO(refused.text);
    CHECK_THROWS_WITH(refused.call(), ContainsSubstring(refused.text));
  }
}

TEST_CASE("regression: reshape of an empty tensor to an extent of 0 beside a -1 guessed the -1") {
  const Tensor x = Tensor::zeros({0, 3});
  CHECK_THROWS_WITH(reshape(x, {0, -1}), ContainsSubstring("any extent could replace the -1 beside a 0; pass it"));
  CHECK_THROWS_WITH(reshape(Tensor::zeros({4}), {0, -1}), ContainsSubstring("reshape: f32 [4] cannot become [0, -1]"));
  CHECK(reshape(x, {3, -1}).shape() == Shape{3, 0});
  CHECK_THROWS_WITH(reshape(x, {-1, -1}), ContainsSubstring("reshape"));
}

TEST_CASE("a size that the system does not give is an error with the bytes") {
  const auto bytes_of = [](const std::function<void()>& call) {
    try {
      call();
    } catch (const OutOfMemory& e) {
      CHECK_THAT(e.what(), ContainsSubstring("there is not enough memory: ") &&
                               ContainsSubstring(std::to_string(e.bytes()) + " bytes"));
      return e.bytes();
    }
    return std::size_t{0};
  };
  CHECK(bytes_of([] { Tensor::zeros({power(59)}, DType::f64); }) == std::size_t{1} << 62);
  CHECK(bytes_of([] { Tensor::ones({power(30), power(20)}); }) == std::size_t{1} << 52);
  CHECK(bytes_of([] { Tensor::arange(power(45)); }) == std::size_t{1} << 48);
  CHECK(bytes_of([] { expand(Tensor::zeros({}), {power(25), power(25)}); }) == std::size_t{1} << 52);
  CHECK(bytes_of([] { pad(Tensor::zeros({1}), 0, power(47), 0); }) > std::size_t{1} << 48);
  CHECK(bytes_of([] { matmul(Tensor::zeros({power(25), 0}), Tensor::zeros({0, power(25)})); }) == std::size_t{1} << 52);
  CHECK(bytes_of([] { memory::allocate(std::size_t{1} << 46); }) == std::size_t{1} << 46);
  CHECK(bytes_of([] { memory::allocate(std::numeric_limits<std::size_t>::max()); }) != 0);
  CHECK_THROWS_WITH(Tensor::ones({power(30), power(20)}), ContainsSubstring("a tensor f32 [1073741824, 1048576]"));
}

}  // namespace gradus::autograd_sizes_test
