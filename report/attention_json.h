#pragma once

#include <string>

#include <gradus/data/tokenize.h>
#include <gradus/train/run.h>

namespace gradus::report {

/// The attention weights of all layers and heads while the model reads a source and writes its greedy output, as a list
/// of objects: `reads` ("source_by_source", "target_by_target", "source_by_target"), `layer` and `head` from 1, the
/// tokens of `rows` (the readers) and `columns`, and `weights` in thousandths, row by row. "[]" for a model without
/// attention.
std::string attention_json(const train::Run& run, const data::Tokens& source);

}  // namespace gradus::report
