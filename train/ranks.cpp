#include <gradus/train/ranks.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include <gradus/autograd/foundation/internal/stopwatch.h>
#include <gradus/train/internal/gradient_exchange.h>

namespace gradus::train {
namespace {

// Parts of these sizes.
Parts parts_of(std::byte* data, const std::vector<Index>& sizes) {
  Parts parts{data, {0}};
  for (const Index size : sizes) parts.at.push_back(parts.at.back() + size);
  return parts;
}

}  // namespace

std::string Ranks::name(Index rank) const { return fmt::format("rank {} of {}", rank, size()); }

void Ranks::wait(Pending& pending) {
  constexpr double without_sleep = 1e-3;  // seconds; a sleep is longer than a small message
  const Stopwatch waiting;
  while (!pending.done()) {
    if (waiting.seconds() > timeout) {
      std::vector<std::string> names;
      for (const Index r : absent()) names.push_back(name(r));
      if (names.empty()) names.push_back("a message between two ranks");
      throw RankLost(
          fmt::format("{}: no answer for {:g} s; look for the cause there, and continue the run with --resume; "
                      "--rank-timeout SECONDS waits longer",
                      fmt::join(names, ", "), timeout));
    }
    if (waiting.seconds() < without_sleep)
      std::this_thread::yield();
    else
      std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

std::vector<std::string> Ranks::gather(const std::string& text) {
  const auto own = static_cast<std::size_t>(rank()), all = static_cast<std::size_t>(size());
  std::vector<Index> sizes(all);
  sizes[own] = std::ssize(text);
  wait(*start_spread(parts_of(reinterpret_cast<std::byte*>(sizes.data()), std::vector<Index>(all, sizeof(Index)))));
  Parts parts = parts_of(nullptr, sizes);
  std::string joined(static_cast<std::size_t>(parts.at.back()), '\0');
  std::copy(text.begin(), text.end(), joined.begin() + parts.at[own]);
  parts.data = reinterpret_cast<std::byte*>(joined.data());
  wait(*start_spread(parts));
  std::vector<std::string> texts;
  for (std::size_t r = 0; r < all; ++r)
    texts.push_back(joined.substr(static_cast<std::size_t>(parts.at[r]), static_cast<std::size_t>(sizes[r])));
  return texts;
}

std::vector<std::vector<double>> Ranks::gather(const std::vector<double>& numbers) {
  std::vector<double> all(numbers.size() * static_cast<std::size_t>(size()));
  std::copy(numbers.begin(), numbers.end(), all.begin() + rank() * std::ssize(numbers));
  const std::vector<Index> sizes(static_cast<std::size_t>(size()),
                                 std::ssize(numbers) * static_cast<Index>(sizeof(double)));
  wait(*start_spread(parts_of(reinterpret_cast<std::byte*>(all.data()), sizes)));
  std::vector<std::vector<double>> of_ranks;
  for (auto at = all.begin(); at != all.end(); at += std::ssize(numbers))
    of_ranks.emplace_back(at, at + std::ssize(numbers));
  return of_ranks;
}

bool Ranks::any(bool here) {
  std::vector<char> flags(static_cast<std::size_t>(size()));
  flags[static_cast<std::size_t>(rank())] = here ? 1 : 0;
  wait(*start_spread(parts_of(reinterpret_cast<std::byte*>(flags.data()), std::vector<Index>(flags.size(), 1))));
  return std::any_of(flags.begin(), flags.end(), [](char flag) { return flag != 0; });
}

void sum_gradients(Ranks& ranks, const std::vector<Tensor>& parameters) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    std::vector<Tensor> chosen;
    Index count = 0;
    for (const Tensor& p : parameters) {
      if (p.dtype() != dtype) continue;
      chosen.push_back(p);
      count += p.numel();
    }
    if (count == 0) continue;
    dispatch_floating(dtype, [&](auto zero) {
      using T = decltype(zero);
      Tensor block = Tensor::zeros({count}, dtype);
      Index at = 0;
      for (Tensor& p : chosen) {
        if (const Tensor g = p.grad(); g.defined()) std::copy_n(g.data<T>(), p.numel(), block.mutable_data<T>() + at);
        at += p.numel();
      }
      GradientExchange exchange(ranks, ranks.size(), {block}, {{0, count}});
      exchange.begin(ranks.size());
      exchange.complete_rest();
      exchange.finish();
      at = 0;
      for (Tensor& p : chosen) {
        p.set_grad(Tensor::from(std::vector<T>(block.data<T>() + at, block.data<T>() + at + p.numel()), p.shape()));
        at += p.numel();
      }
    });
  }
}

}  // namespace gradus::train
