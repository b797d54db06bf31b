#pragma once

#include <string>
#include <vector>

#include <gradus/autograd/checks/gradcheck.h>

// A row for every op of autograd/ops.h and for every case of it that may go its own way: broadcasting, no elements, one
// element, repeated indices, masks, extreme inputs. Each is checked to first and second order, and in f32 against f64.
namespace gradus::table {

struct Row {
  std::string op;    // as declared: "add(Tensor, double)"
  std::string what;  // the case
  GradcheckFunction f;
  std::vector<Tensor> inputs;       // f64; those that require a gradient are checked
  Verdict verdict = Verdict::pass;  // of the check
  bool differentiable = true;       // else the result must have no graph
  double f32 = 2e-6;                // f32 against f64, relative to the largest value; 0: not compared
  int order = 2;                    // the highest of the check
};

std::vector<Row> ops();

/// The highest order that the row is checked to: 0 without derivatives, 1 at a kink.
int order_of(const Row& row);
/// The row's gradient check, with the tolerance that all of them keep.
GradcheckReport check(const Row& row, int order);
/// Whether the report says what the row expects. Second derivatives may vanish where first ones do not.
bool as_expected(const Row& row, const GradcheckReport& report);

}  // namespace gradus::table
