#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <gradus/autograd/engine/tensor.h>

namespace gradus::train {

/// Whether the tensor has no NaN and, unless `infinities` are allowed, no infinity. Tensors of integers have neither.
inline bool is_finite(const Tensor& tensor, bool infinities = false) {
  if (!gradus::is_floating(tensor.dtype())) return true;
  return dispatch_floating(tensor.dtype(), [&](auto zero) {
    using T = decltype(zero);
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr Bits sign = Bits{1} << (8 * sizeof(T) - 1);
    // Without their sign, floating-point numbers are in the order of their bits: finite, infinity, NaN.
    const Bits infinity = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
    const Bits most = infinities ? infinity : infinity - 1;
    const T* values = tensor.data<T>();
    Bits worst = 0;
    for (Index i = 0; i < tensor.numel(); ++i) worst = std::max(worst, std::bit_cast<Bits>(values[i]) & ~sign);
    return worst <= most;
  });
}

}  // namespace gradus::train
