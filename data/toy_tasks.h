#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gradus/autograd/foundation/types.h>
#include <gradus/data/corpus.h>
#include <gradus/data/tokenize.h>

namespace gradus::data {

enum class Split { train, valid, test };

struct TaskOptions {
  Index count = 10000;
  Index min_length = 1;
  Index max_length = 0;  // 0: the task's own limit
  std::uint64_t seed = 1;
  Split split = Split::train;
};

struct Task {
  std::string name;
  Tokenizer source_tokens = Tokenizer::characters;
  Tokenizer target_tokens = Tokenizer::characters;
  std::vector<Pair> pairs;
};

/// Pairs made from a seed; the first n of them do not depend on `count`.
///
///   copy     letters a to z                            hello => hello
///   reverse                                            hello => olleh
///   sort                                               hello => ehllo
///   add      two whole numbers                         123+45 => 168
///   dates    a day of 1900 to 2099 as people write it  3rd of March 1987 => 1987-03-03
///
/// Lengths are those of the source (copy, reverse, sort; at most 12 unless given) or the digits of each number (add; at
/// most 4 unless given), every length equally often; dates have no length and pay no heed to it.
///
/// Dates: 25 forms, month names in full or cut, with or without a weekday (always the right one), in mixed, lower or
/// upper case. Slashes mean month/day/year unless the year comes first, dots and dashes day.month.year likewise.
/// Two-digit years follow POSIX: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068; other years have four digits.
///
/// Splits share no source, whatever their seeds: a hash of the source (of both terms in either order for add, of the
/// day for dates) puts a tenth of all sources into valid, a tenth into test, the rest into train. Within a split
/// sources may repeat. Where the lengths allow so few sources that a split has none, Error is thrown; also on an
/// unknown name (the message lists the known ones), a count below 1, or lengths that are not 1 <= min <= max <= 1000.
Task make_task(std::string_view name, const TaskOptions& options);

/// The longest source (of add: number) that a task makes unless told otherwise. Throws Error on an unknown name.
Index longest_of_task(std::string_view name);

/// copy, reverse, sort, add, dates.
std::vector<std::string> task_names();

}  // namespace gradus::data
