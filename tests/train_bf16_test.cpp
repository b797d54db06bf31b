#include <vector>

#include <gradus/autograd/foundation/parallel.h>

#include "small_run.h"

namespace gradus::train::train_bf16_test {

TEST_CASE("training in bf16 has the same bits at any number of threads, and others than in f32") {
  const auto parameters = [](const char* model, const char* precision, int thread_count) {
    set_threads(thread_count);
    Trained t(small({{"model.name", model},
                     {"train.epochs", "0"},
                     {"train.steps", "4"},
                     {"data.pairs", "40"},
                     {"train.precision", precision}}));
    Progress progress = Progress::silent();
    t.trainer.run(progress);
    set_threads(0);
    return t.run.store->block().to_vector<float>();
  };
  for (const char* model : {"rnn-attention", "transformer"}) {
    CAPTURE(model);
    const std::vector<float> one = parameters(model, "bf16", 1);
    CHECK(parameters(model, "bf16", 3) == one);
    CHECK(parameters(model, "f32", 3) != one);
  }
}

}  // namespace gradus::train::train_bf16_test
