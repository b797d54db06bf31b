#pragma once

#include <functional>
#include <string>
#include <vector>

#include <gradus/autograd/foundation/types.h>

namespace gradus::data {

/// Outputs and the correct texts of each, in UTF-8.
struct Texts {
  std::vector<std::string> outputs;                  // one per source
  std::vector<std::vector<std::string>> references;  // of each output, at least one
};

/// Throws Error when there is no output, the numbers of outputs and lists of references differ, or a list is empty.
void check(const Texts& texts);

/// A measure of outputs against their references. Its value is a function of counts that are summed over the outputs,
/// so the value for a part or a sample of the outputs comes from their counts alone.
struct Measure {
  std::string name;           // as a key of JSON: "bleu"
  std::string title;          // in tables: "BLEU"
  std::string signature;      // its variant in sacreBLEU's notation; empty for error rates
  bool is_error_rate = true;  // a share, less is better; otherwise a score up to 100, more is better
  Index columns = 0;          // counts per output
  std::vector<Index> counts;  // [outputs, columns]
  /// The value from the sums of the counts, [columns].
  std::function<double(const std::vector<Index>& sums)> value_of_sums;

  /// How many there are. Throws Error as check(Measure) does.
  Index outputs() const;
};

/// Throws Error unless there are columns, counts of at least one output, each with all columns, and value_of_sums.
void check(const Measure& measure);

/// The value for all outputs. Throws Error as check(Measure) does.
double value(const Measure& measure);

/// The variant of the measure in sacreBLEU's notation (Post 2018), such as
/// "nrefs:1|bs:1000|seed:1|case:mixed|eff:no|tok:13a|smooth:exp|version:gradus-0.1.0". `samples` is the number of
/// bootstrap samples, 0 without them. nrefs is "var" when the numbers of references differ. Throws Error
/// as check(Texts) does.
std::string signature(const Measure& measure, const Texts& texts, bool lowercase, Index samples, std::uint64_t seed,
                      const std::string& version);

}  // namespace gradus::data
