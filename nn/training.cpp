#include <gradus/nn/training.h>

#include <fmt/format.h>

#include <gradus/autograd/foundation/error.h>

namespace gradus::nn {

void Training::refuse(std::string_view layer, const Place& place) {
  throw Error(fmt::format("{} differs between training and evaluation, and this thread has no mode: write `const "
                          "nn::Training on;` before the forward pass to train, or `const nn::Training off(false);` (or "
                          "NoGrad) to evaluate",
                          layer),
              place);
}

}  // namespace gradus::nn
