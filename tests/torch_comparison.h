#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/ops/copying.h>

#include "catch.h"
#include "leaf.h"

// Comparisons of ops with PyTorch in double precision. tests/reference/cases.py has the same inputs and seeds.

/// Element i is sin(0.53 i + phase).
inline gradus::Tensor ramp(const gradus::Shape& shape, double phase = 1) {
  std::vector<double> v;
  for (gradus::Index i = 0; i < shape.numel(); ++i) v.push_back(std::sin(0.53 * static_cast<double>(i) + phase));
  return leaf(v, shape);
}
inline gradus::Tensor ids(const std::vector<gradus::Index>& v, const gradus::Shape& shape) {
  return gradus::Tensor::from(v, shape);
}
inline std::vector<double> numbers(const gradus::Tensor& t) {
  return gradus::to(t.detach(), gradus::DType::f64).to_vector<double>();
}

/// By the name of a case: its result, then the gradient of each input, for the seed cos(0.17 i).
using TorchNumbers = std::map<std::string, std::vector<double>>;

/// Checks cases by their names.
class TorchComparison {
 public:
  explicit TorchComparison(const TorchNumbers& expected) : expected_(expected) {}

  template <class F>
  void operator()(const std::string& name, F f, const std::vector<gradus::Tensor>& inputs) {
    INFO(name);
    REQUIRE(expected_.count(name) == 1);
    seen_.insert(name);
    const gradus::Tensor y = f(inputs);
    std::vector<double> values = numbers(y);
    if (y.requires_grad()) {
      std::vector<double> seed;
      for (gradus::Index i = 0; i < y.numel(); ++i) seed.push_back(std::cos(0.17 * static_cast<double>(i)));
      for (const gradus::Tensor& g : gradus::grad({y}, inputs, {.seeds = {gradus::Tensor::from(seed, y.shape())}}))
        for (double v : numbers(g)) values.push_back(v);
    }
    const std::vector<double>& want = expected_.at(name);
    REQUIRE(values.size() == want.size());
    for (std::size_t i = 0; i < want.size(); ++i) {
      INFO("number " << i << ": " << values[i] << " here, " << want[i] << " in PyTorch");
      if (std::isnan(want[i]))
        CHECK(std::isnan(values[i]));
      else if (std::isinf(want[i]))
        CHECK(values[i] == want[i]);
      else
        CHECK(std::fabs(values[i] - want[i]) <= 1e-11 * std::max(1.0, std::fabs(want[i])));
    }
  }
  std::size_t cases() const { return seen_.size(); }

 private:
  const TorchNumbers& expected_;
  std::set<std::string> seen_;
};
