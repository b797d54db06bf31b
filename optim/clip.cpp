#include <gradus/optim/clip.h>

#include <algorithm>
#include <limits>
#include <set>

#include <gradus/autograd/foundation/parallel.h>
#include <gradus/optim/internal/grain.h>
#include <gradus/optim/internal/multiply_add.h>
#include <gradus/optim/internal/option.h>
#include <gradus/optim/internal/parameters.h>

namespace gradus::optim {

namespace {

constexpr Index chunk = 1 << 14;  // elements per sum

std::vector<Tensor> gradients_of(const char* owner, const std::vector<Tensor>& parameters) {
  std::vector<Tensor> gradients;
  for (const Tensor& p : parameters)
    if (Tensor g = p.grad(); g.defined() && g.numel() > 0) gradients.push_back(std::move(g));
  check_apart(owner, parameters);
  return gradients;
}

template <class T>
double sum_of_squares(const T* __restrict p, Index n) {
  constexpr Index lanes = 32;
  double sums[lanes] = {};
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (Index k = 0; k < lanes; ++k) {
      const auto v = static_cast<double>(p[i + k]);
      sums[k] = multiply_add(v, v, sums[k]);
    }
  }
  for (Index k = 0; i + k < n; ++k) {
    const auto v = static_cast<double>(p[i + k]);
    sums[k] = multiply_add(v, v, sums[k]);
  }
  for (Index half = lanes / 2; half > 0; half /= 2)
    for (Index k = 0; k < half; ++k) sums[k] += sums[k + half];
  return sums[0];
}

double tree_sum(std::vector<double>& values) {
  if (values.empty()) return 0;
  for (std::size_t stride = 1; stride < values.size(); stride *= 2)
    for (std::size_t i = 0; i + stride < values.size(); i += 2 * stride) values[i] += values[i + stride];
  return values[0];
}

/// f(values, count, index of the chunk) for chunks of at most `chunk` elements of every gradient, in parallel.
template <class F>
void for_chunks(const std::vector<Tensor>& gradients, F&& f) {
  struct Chunk {
    std::size_t gradient;
    Index begin, count;
  };
  std::vector<Chunk> chunks;
  Index elements = 0;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const Index n = gradients[i].numel();
    elements += n;
    for (Index begin = 0; begin < n; begin += chunk) chunks.push_back({i, begin, std::min(chunk, n - begin)});
  }
  const Index pieces = (elements + grain - 1) / grain, n = std::ssize(chunks);
  parallel_for(n, std::max<Index>(1, (n + pieces - 1) / std::max<Index>(1, pieces)), [&](Index begin, Index end) {
    for (Index c = begin; c < end; ++c) {
      const Chunk& at = chunks[static_cast<std::size_t>(c)];
      f(gradients[at.gradient], at.begin, at.count, c);
    }
  });
}

Index chunks_of(const std::vector<Tensor>& gradients) {
  Index n = 0;
  for (const Tensor& g : gradients) n += (g.numel() + chunk - 1) / chunk;
  return n;
}

double norm_of(const std::vector<Tensor>& gradients) {
  std::vector<double> sums(static_cast<std::size_t>(chunks_of(gradients)));
  for_chunks(gradients, [&](const Tensor& g, Index begin, Index count, Index c) {
    sums[static_cast<std::size_t>(c)] = dispatch_floating(
        g.dtype(), [&](auto zero) { return sum_of_squares(g.data<decltype(zero)>() + begin, count); });
  });
  return std::sqrt(tree_sum(sums));
}

Clip clip_of(const std::vector<Tensor>& gradients, const char* owner, double max_norm) {
  checked(owner, "max_norm", max_norm, max_norm > 0, "more than 0");
  Clip clip{norm_of(gradients), std::numeric_limits<double>::quiet_NaN()};
  if (clip.finite()) clip.scale = std::min(1.0, max_norm / (clip.norm + 1e-6));
  return clip;
}

/// Replaces each element by f(element). Counts as one write per gradient.
template <class F>
void rewrite(std::vector<Tensor> gradients, F&& f) {
  // A gradient that several leaves share is rewritten once.
  std::set<std::pair<const Storage*, Index>> seen;
  std::erase_if(gradients, [&](const Tensor& g) { return !seen.insert({g.storage().get(), g.offset()}).second; });
  for (Tensor& g : gradients) dispatch_floating(g.dtype(), [&](auto zero) { g.mutable_data<decltype(zero)>(); });
  for_chunks(gradients, [&](const Tensor& g, Index begin, Index count, Index) {
    dispatch_floating(g.dtype(), [&](auto zero) {
      using T = decltype(zero);
      T* __restrict p = const_cast<T*>(g.data<T>()) + begin;
      for (Index i = 0; i < count; ++i) p[i] = f(p[i]);
    });
  });
}

}  // namespace

double grad_norm(const std::vector<Tensor>& parameters) { return norm_of(gradients_of("grad_norm", parameters)); }

Clip clip_scale(const std::vector<Tensor>& parameters, double max_norm) {
  return clip_of(gradients_of("clip_scale", parameters), "clip_scale", max_norm);
}

Clip clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm) {
  const std::vector<Tensor> gradients = gradients_of("clip_grad_norm", parameters);
  const Clip clip = clip_of(gradients, "clip_grad_norm", max_norm);
  if (clip.scale < 1) rewrite(gradients, [s = clip.scale](auto v) { return v * static_cast<decltype(v)>(s); });
  return clip;
}

void clip_grad_value(const std::vector<Tensor>& parameters, double limit) {
  checked("clip_grad_value", "limit", limit, limit > 0, "more than 0");
  rewrite(gradients_of("clip_grad_value", parameters), [limit](auto v) {
    const auto bound = static_cast<decltype(v)>(limit);
    return v > bound ? bound : (v < -bound ? -bound : v);
  });
}

}  // namespace gradus::optim
