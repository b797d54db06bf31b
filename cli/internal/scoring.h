#pragma once

#include <CLI/CLI.hpp>

#include <gradus/data/bleu.h>
#include <gradus/data/bootstrap.h>
#include <gradus/data/references.h>
#include <gradus/files/internal/json.h>

namespace gradus::cli {

/// The options of commands that score.
struct ScoringFlags {
  data::Resampling resampling;
  data::BleuTokens bleu_tokens = data::BleuTokens::mteval_13a;
  Index confusions = 0;
};

void add_scoring_flags(CLI::App& command, ScoringFlags& flags);

/// Outputs as tokens and as text, and their references.
struct Scored {
  std::vector<data::Tokens> outputs;
  std::vector<data::ReferenceSet> sets;
  data::Texts texts;
  bool lowercase = false;  // the texts were changed to lower case
};

/// Prints how many outputs equal a reference by length, in tokens; `of` says of what.
void print_by_length(const char* of, const std::vector<Index>& lengths, const std::vector<bool>& exact);

/// Prints the measures with their intervals, the signatures, and the confusions, if wanted. Returns the fields of the
/// line of JSON.
files::JsonFields print_measures(const Scored& scored, const ScoringFlags& flags);

/// Prints the measures of two systems and their differences. Returns the fields of the line of JSON.
files::JsonFields print_differences(const Scored& a, const std::string& name_of_a, const Scored& b,
                                    const std::string& name_of_b, const ScoringFlags& flags);

}  // namespace gradus::cli
