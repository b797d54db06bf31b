#pragma once

// All public headers of autograd/: tensors, ops, backward and grad, derivatives of functions, random numbers, and the
// checks of gradients.
#include <gradus/autograd/checks/anomaly.h>
#include <gradus/autograd/checks/gradcheck.h>
#include <gradus/autograd/checks/graph_dot.h>
#include <gradus/autograd/checks/mutation.h>
#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/broadcast.h>
#include <gradus/autograd/engine/observer.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/engine/tensor.h>
#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/memory.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/functional/derivatives.h>
#include <gradus/autograd/ops.h>
#include <gradus/autograd/ops/pointwise.h>
