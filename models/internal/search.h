#pragma once

#include <gradus/models/decode.h>

namespace gradus::models {

/// The hypotheses of each row of source [batch, source], without scores and attention weights: those of the beam in the
/// order in which they ended, or the samples in order. `prefixes` as for decode; arguments are not checked.
std::vector<Hypotheses> search(const Seq2Seq& model, const Tensor& source, const DecodeOptions& options,
                               const Sentences& prefixes);

}  // namespace gradus::models
