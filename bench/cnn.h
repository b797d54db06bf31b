#pragma once

#include <gradus/autograd/foundation/types.h>
#include <gradus/bench/samples.h>

namespace gradus::bench {

struct CnnTimes {
  Index batch = 0, parameters = 0;
  Samples step, forward, backward, update;
  double first_loss = 0, last_loss = 0;
};

/// Trains a small convolutional network on 100 random images [1, 28, 28] for about `seconds`: convolution 1 to 16, 3x3,
/// relu, max pooling 2x2; convolution 16 to 32, relu, max pooling; linear to 10 classes, cross-entropy, Adam.
/// bench/peers/cnn_libtorch.cpp is the same in libtorch.
CnnTimes time_cnn(double seconds);

}  // namespace gradus::bench
