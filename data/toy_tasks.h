#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gradus/autograd/foundation/types.h>
#include <gradus/data/corpus.h>
#include <gradus/data/tokenize.h>

namespace gradus::data {

/// The use of pairs: to train, to choose a model, or to test it.
enum class Split { train, valid, test };

/// How many pairs `make_task` makes, and which.
struct TaskOptions {
  Index count = 10000;         // pairs
  Index min_length = 1;        // letters of a source, or digits of each number
  Index max_length = 0;        // 0: the limit of the task
  std::uint64_t seed = 1;      // another seed gives other pairs
  Split split = Split::train;  // the pairs come from this part of all sources
};

/// A toy task: its pairs, and how their sides become tokens.
struct Task {
  std::string name;                                 // one of task_names()
  Tokenizer source_tokens = Tokenizer::characters;  // of the sources of `pairs`
  Tokenizer target_tokens = Tokenizer::characters;  // of their targets
  std::vector<Pair> pairs;                          // TaskOptions::count of them
};

/// Pairs drawn from a seed. The first n pairs do not depend on `count`.
///
///   copy     letters a to z                            hello => hello
///   reverse                                            hello => olleh
///   sort                                               hello => ehllo
///   add      two whole numbers                         123+45 => 168
///   dates    a day of 1900 to 2099 in everyday form    3rd of March 1987 => 1987-03-03
///
/// Lengths count the source's letters (copy, reverse, sort; 12 at most by default) or the digits of each number (add; 4
/// at most by default). All lengths are equally frequent. Dates ignore lengths.
///
/// Dates have 25 forms: month names in full or shortened, with or without the correct weekday, in mixed, lower or upper
/// case. Slashes mean month/day/year, dots and dashes day.month.year, unless the year comes first. Two-digit years
/// follow POSIX: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068. Other years have four digits.
///
/// Splits share no source, for all seeds. A hash of the source (for add, of both numbers in either order; for
/// dates, of the day) puts a tenth of all sources into valid, a tenth into test, and the rest into train. Sources may
/// repeat within a split.
///
/// Throws Error when the name is unknown (the message lists the names), the count is not 1 to 100,000,000, the lengths
/// are not 1 <= min <= max <= 1000, or a split has no source because the lengths allow too few.
Task make_task(std::string_view name, const TaskOptions& options);

/// The default maximum length of a task. Throws Error when the name is unknown.
Index longest_of_task(std::string_view name);

/// How many pairs a small model needs to learn the task: 20,000, or 100,000 (add). Throws Error when the name is
/// unknown.
Index training_pairs_of_task(std::string_view name);

/// copy, reverse, sort, add, dates.
std::vector<std::string> task_names();

}  // namespace gradus::data
