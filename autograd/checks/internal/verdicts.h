#pragma once

#include <string>
#include <vector>

#include <gradus/autograd/checks/gradcheck_report.h>
#include <gradus/autograd/checks/internal/differences.h>

namespace gradus {

/// A derivative by backward and by differences.
struct Comparison {
  std::string at;
  double analytic = 0;
  differences::Slope numeric;
};

/// The measurements of one input.
struct Evidence {
  std::vector<Comparison> comparisons;
  Index not_finite = 0;        // directions in which f is not finite
  double usual = 0;            // the typical size of a derivative; the compared ones may be small by chance
  bool zero_is_right = false;  // a derivative that is zero everywhere passes
  bool has_graph = true;       // f's result requires a gradient
  bool has_gradient = true;    // backward gave the input a gradient other than zero
};

/// Fills the report of one input, except its name.
void judge(const Evidence& evidence, double relative, InputReport& report);

/// The worst verdict of the inputs: fail, then vacuous, then kink.
Verdict worst_verdict(const std::vector<InputReport>& inputs);

}  // namespace gradus
