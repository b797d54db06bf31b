#pragma once

#include <gradus/bench/samples.h>
#include <gradus/bench/step.h>

namespace gradus::bench {

/// Sentences that are decoded together, and hypotheses in the beam.
struct DecodeWork {
  Index batch = 1, beam = 1;
};

struct DecodeTimes {
  Samples round;        // seconds
  Index sentences = 0;  // per round
};

/// Decodes sentences of setup.source random tokens to setup.target words each, without end marks, by a model with its
/// first parameters, in rounds for about `seconds`. A round is one sentence, or a batch per thread.
DecodeTimes time_decode(const StepSetup& setup, const DecodeWork& work, double seconds);

}  // namespace gradus::bench
