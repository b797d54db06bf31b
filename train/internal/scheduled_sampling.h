#pragma once

#include <gradus/data/batches.h>
#include <gradus/models/seq2seq.h>

namespace gradus::train {

/// Scheduled sampling (Bengio et al. 2015) in two parallel passes (Mihaylova and Martins 2019, Duckworth et al. 2019):
/// replaces each input of the decoder after the first, with probability `share`, by the model's prediction of it.
///
/// - The predictions are those of a pass without gradients and dropout over the inputs as they are. Each is the most
///   probable token other than padding, start and end.
/// - Padding stays. The targets do not change.
/// - The draws are those of the next call in this thread's RandomScope.
void mix_predictions(data::Batch& pairs, double share, const models::Seq2Seq& model);

}  // namespace gradus::train
