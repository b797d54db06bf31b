#include <gradus/report/sample_attention.h>

#include <iterator>

#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/foundation/error.h>
#include <gradus/nn/training.h>
#include <gradus/train/evaluate.h>

namespace gradus::report {

SampleAttention sample_attention(const train::Run& run, const data::Tokens& source) {
  const std::vector<Index> ids = train::source_ids(run.source, source);
  SampleAttention sample;
  sample.output = models::decode(*run.model, {ids}, {.max_length = run.config.decode.max_length}).front().front();
  sample.read = {data::bos_id};
  sample.read.insert(sample.read.end(), sample.output.ids.begin(), sample.output.ids.end());
  if (!sample.output.finished) sample.read.pop_back();

  const NoGrad no_grad;
  const nn::Training in_use(false);
  sample.maps = run.model->attention_maps(Tensor::from(ids, {1, std::ssize(ids)}),
                                          Tensor::from(sample.read, {1, std::ssize(sample.read)}));
  return sample;
}

const char* name_of(models::Reads reads) {
  switch (reads) {
    case models::Reads::source_by_source:
      return "source_by_source";
    case models::Reads::target_by_target:
      return "target_by_target";
    case models::Reads::source_by_target:
      return "source_by_target";
  }
  throw Error("an attention map reads something without a name");
}

}  // namespace gradus::report
