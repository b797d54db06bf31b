#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <gradus/autograd/foundation/types.h>

// The options and the result of a gradient check.
namespace gradus {

/// The result of a check.
enum class Verdict {
  pass,  // all entries agree
  fail,  // an entry differs, or the function gives other bits in a second run
  kink,  // the slopes on the two sides of a point differ, so there is no derivative; the value of backward is between
         // them, and the other entries agree
  vacuous,  // the check could not have failed: no input requires a gradient, the gradient is zero (or lost in rounding)
            // everywhere, there is nothing to compare, or values are not finite
};
/// "pass", "FAIL", "kink" or "vacuous".
const char* name(Verdict v);

/// The options of gradcheck and check_module.
struct GradcheckOptions {
  /// Largest |analytic - numeric|, relative to the larger of the two, or to 1/1000 of the input's largest derivative
  /// where both are smaller. The rounding of the function's values is allowed on top.
  double relative = 1e-7;
  /// n: checks the derivatives of the (n-1)th derivative, which must be recorded (create_graph) for n > 1.
  int order = 1;
  /// The first and largest step of the differences, for elements of magnitude up to 1024. Later steps are halved.
  double step = 1.0 / 16;
  /// Inputs with at most this many (elements x output elements) are compared entry by entry. For others, a random
  /// linear form of the output is compared, at `directions` single elements and along `directions` random directions.
  Index full_jacobian = 4096;
  /// The number of those elements, and of those directions. At least 1.
  Index directions = 8;
  bool allow_kinks = false,   ///< Verdict::kink counts as passed
      allow_vacuous = false;  ///< Verdict::vacuous counts as passed
  /// Seeds the random directions, and the RandomScope of every evaluation, so that dropout draws the same numbers.
  std::uint64_t seed = 1;
};

/// The result for one input or parameter. The numbers are those of the worst entry.
struct InputReport {
  std::string name;  // the tensor's name, else "input 0"; "seed", "seed 2", ... for the seeds of higher orders
  Verdict verdict = Verdict::vacuous;  // of this input
  std::string why;                     // the reason for any verdict but pass
  Index compared = 0,                  ///< number of derivatives that were compared
      kinks = 0;                       ///< number of them at a kink
  std::string at;                      // "d output[3] / d input[0, 1]", or the direction
  double analytic = 0,                 ///< the derivative by backward
      numeric = 0,                     ///< the derivative by differences
      absolute = 0,                    ///< |analytic - numeric|
      relative = 0;                    ///< this difference as GradcheckOptions::relative measures it
  double step = 0;                     // the smallest step that the numeric value uses
};

/// The result of gradcheck and check_module.
struct GradcheckReport {
  GradcheckOptions options;            // of the check
  std::vector<InputReport> inputs;     // of the checked inputs, then parameters, then seeds
  std::string problem;                 // the problem of the function as a whole, or empty
  Verdict verdict = Verdict::vacuous;  // the worst verdict of the inputs: fail, then vacuous, then kink

  /// The verdict is pass, or one that the options allow.
  bool passed() const;
  /// The largest relative error of all inputs.
  double worst_relative() const;
};

/// A table with one line per input; below it, the reason for every verdict other than pass.
std::string to_string(const GradcheckReport& report);

}  // namespace gradus
