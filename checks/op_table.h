#pragma once

#include <string>
#include <vector>

#include <gradus/autograd/checks/gradcheck.h>

// Rows for every op of autograd/ops.h, and for its special cases: broadcasting, no elements, one element, repeated
// indices, masks, extreme inputs. Each row is checked to third order in f64, and in f32 against f64.
namespace gradus::checks {

/// The highest order of the table.
constexpr int highest_order = 3;

struct Row {
  std::string op;    // as declared: "add(Tensor, Scalar)"
  std::string what;  // the case
  GradcheckFunction f;
  // All tensors that f reads: f64, ids in i64, masks. Those that require a gradient are checked. A test overwrites
  // each.
  std::vector<Tensor> inputs;
  Verdict verdict = Verdict::pass;  // the expected one
  bool differentiable = true;       // false: the result has no graph
  double f32 = 2e-6;                // f32 against f64, relative to the largest value; 0: not compared
  int order = highest_order;        // the highest order of the check
};

std::vector<Row> ops();

/// The highest order that the row is checked to: 0 without derivatives.
int order_of(const Row& row);
/// The row's gradient check, to 1e-9.
GradcheckReport check(const Row& row, int order);
/// Whether the verdict is the row's. Where a first derivative is vacuous, higher ones may pass.
bool as_expected(const Row& row, const GradcheckReport& report);

}  // namespace gradus::checks
