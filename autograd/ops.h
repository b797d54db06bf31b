#pragma once

#include <gradus/autograd/ops/activations.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/attention.h>
#include <gradus/autograd/ops/cells.h>
#include <gradus/autograd/ops/comparison.h>
#include <gradus/autograd/ops/convolution.h>
#include <gradus/autograd/ops/copying.h>
#include <gradus/autograd/ops/creation.h>
#include <gradus/autograd/ops/ctc.h>
#include <gradus/autograd/ops/diagonals.h>
#include <gradus/autograd/ops/division.h>
#include <gradus/autograd/ops/dropout.h>
#include <gradus/autograd/ops/einsum.h>
#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/indexing.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/autograd/ops/layer_norm.h>
#include <gradus/autograd/ops/losses.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/autograd/ops/normalization.h>
#include <gradus/autograd/ops/norms.h>
#include <gradus/autograd/ops/pooling.h>
#include <gradus/autograd/ops/products.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/autograd/ops/repeating.h>
#include <gradus/autograd/ops/rounding.h>
#include <gradus/autograd/ops/sampling.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/slicing.h>
#include <gradus/autograd/ops/softmax.h>
#include <gradus/autograd/ops/sorting.h>

// Every op; docs/operators.md lists them beside PyTorch's. Names, arguments, broadcasting and conventions are PyTorch's
// unless a comment says otherwise.
// - Shapes broadcast as in NumPy. Axes may be negative.
// - The operands of an op have one dtype; convert with `to`.
// - A mask is a tensor of any dtype; elements other than 0 mean true. Ids and indices are i64.
// - Bad shapes, dtypes, axes and indices throw Error.
// - A number stands on either side of a binary op or comparison, and has the dtype of the tensor.
// - An op of one or two tensors converts to std::function: `std::function<Tensor(const Tensor&)> f = gradus::tanh`.
//
// What differs from PyTorch on purpose:
// - No dtype is promoted. Comparisons and logical ops return 0 and 1 in the floating dtype of their operands.
// - `x += y` is `x = x + y`. It writes no values, and throws for a parameter and for a result of another shape.
// - max and min of an axis are torch.amax and amin; argmax is for positions.
// - transpose without axes swaps the last two. chunk makes equal pieces or throws. split takes the extents.
// - pad, flip and unfold take one axis or one image, see there. layer_norm is over the last axis.
// - cross_entropy has the classes last. The softmax family takes a mask.
