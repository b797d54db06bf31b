// Backward runs of several threads at once.
#include <thread>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/ops.h>

#include "catch.h"
#include "scaled.h"

namespace gradus::autograd_threads_test {

using Catch::Matchers::ContainsSubstring;

namespace {

constexpr std::size_t thread_count = 4;

template <class F>
void on_threads(F f) {
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < thread_count; ++k) threads.emplace_back([&f, k] { f(k); });
  for (std::thread& t : threads) t.join();
}

// The gradient that each thread found, or the message of its error.
struct Found {
  std::vector<float> gradient;
  std::string error;
};

void check(const Found& found, float expected) {
  if (found.error.empty()) {
    CHECK(found.gradient == std::vector<float>(8, expected));
  } else {
    CHECK_THAT(found.error, ContainsSubstring("at the same time") || ContainsSubstring("a second time"));
  }
}

// Thread k finds the gradient of w from a loss that the threads compute from one intermediate.
template <class F>
void check_shared_intermediate(F gradient) {
  for (const bool retain : {true, false}) {
    for (int repeat = 0; repeat < scaled(200); ++repeat) {
      const Tensor w = Tensor::ones({8}).set_requires_grad();
      Tensor shared = w * 2.0;
      for (int i = 0; i < 10; ++i) shared = shared * 1.0;
      std::vector<Found> found(thread_count);
      on_threads([&](std::size_t k) {
        try {
          found[k].gradient = gradient(sum(shared * static_cast<double>(k)), w, retain).template to_vector<float>();
        } catch (const Error& e) {
          found[k].error = e.what();
        }
      });
      for (std::size_t k = 0; k < thread_count; ++k) check(found[k], 2 * static_cast<float>(k));
    }
  }
}

}  // namespace

TEST_CASE("backward of several threads over one intermediate is right or refused") {
  check_shared_intermediate([](const Tensor& loss, const Tensor& w, bool retain) {
    Gradients into;
    loss.backward({.retain_graph = retain, .into = &into});
    return into.of(w);
  });
}

TEST_CASE("grad of several threads over one intermediate is right or refused") {
  check_shared_intermediate(
      [](const Tensor& loss, const Tensor& w, bool retain) { return grad(loss, w, {.retain_graph = retain}); });
}

TEST_CASE("one thread's runs over one intermediate are right after each other") {
  const Tensor w = Tensor::ones({8}).set_requires_grad(), shared = w * 2.0;
  sum(shared).backward({.retain_graph = true});
  CHECK(grad({sum(shared)}, {w}, {.retain_graph = true})[0].to_vector<float>() == std::vector<float>(8, 2));
  sum(shared * 2.0).backward();
  CHECK(w.grad().to_vector<float>() == std::vector<float>(8, 6));
}

TEST_CASE("a hook may run another graph through the node it belongs to") {
  const Tensor w = Tensor::ones({8}).set_requires_grad();
  Tensor shared = w * 2.0;
  const Tensor other = sum(shared);
  int calls = 0;
  shared.register_hook(
      [&](const Tensor& dy) { return ++calls == 1 ? grad({other}, {w}, {.retain_graph = true})[0] + dy : Tensor(); });
  sum(shared).backward();
  CHECK(w.grad().to_vector<float>() == std::vector<float>(8, 6));
}

TEST_CASE("backward of several threads adds all gradients to a leaf's own grad") {
  const Tensor w = Tensor::ones({8}).set_requires_grad();
  const int runs = scaled(100);
  on_threads([&](std::size_t k) {
    for (int i = 0; i < runs; ++i) sum(w * static_cast<double>(k + 1)).backward();
  });
  CHECK(w.grad().to_vector<float>() == std::vector<float>(8, static_cast<float>(10 * runs)));
}

}  // namespace gradus::autograd_threads_test
