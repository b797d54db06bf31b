// The same bits with any number of threads, in any batch, with any padding, and in any shard.
#include <bit>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/foundation/internal/fnv1a.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>

#include "catch.h"

namespace gradus::autograd_determinism_test {

using Tensors = std::vector<Tensor>;

namespace {

// FNV-1a over the bits of several tensors.
std::uint64_t fingerprint(const Tensors& tensors) {
  Fnv1a hash;
  for (const Tensor& t : tensors)
    for (float v : t.detach().to_vector<float>()) hash.take(std::bit_cast<std::uint32_t>(v));
  return hash.value();
}

Tensor random(const Shape& shape, std::uint64_t stream = 0) {
  return Tensor::normal(shape, 0, 1, Philox(21, stream)).set_requires_grad();
}

bool same_bits(const float* a, const float* b, Index n) {
  return std::memcmp(a, b, static_cast<std::size_t>(n) * sizeof(float)) == 0;
}

struct RestoreThreads {
  ~RestoreThreads() { set_threads(0); }
};

}  // namespace

TEST_CASE("values and gradients have the same bits at 1, 2, 3 and 8 threads") {
  const Tensor big = random({700, 300}, 1), other = random({300, 260}, 2), weight = random({260, 300}, 3),
               bias = random({260}, 4), long_row = random({3, 200'000}, 5), narrow_rows = random({100'000, 5}, 18),
               q = random({6, 50, 64}, 6), k = random({6, 70, 64}, 7), v = random({6, 70, 64}, 8),
               gain = random({300}, 9), shift = random({300}, 10), table = random({50, 300}, 11),
               batch_a = random({24, 60, 40}, 12), batch_b = random({24, 40, 60}, 13);
  std::vector<Index> ids;
  for (Index i = 0; i < 700; ++i) ids.push_back(i * i % 50);
  const Tensor index = Tensor::from(ids, {700});
  const std::vector<std::pair<const char*, std::pair<Tensors, std::function<Tensor(const Tensors&)>>>> cases{
      {"matmul", {{big, other}, [](const Tensors& in) { return matmul(in[0], in[1]); }}},
      {"batched matmul", {{batch_a, batch_b}, [](const Tensors& in) { return matmul(in[0], in[1]); }}},
      {"linear", {{big, weight, bias}, [](const Tensors& in) { return linear(in[0], in[1], in[2]); }}},
      {"sum", {{long_row}, [](const Tensors& in) { return square(sum(in[0], {1})); }}},
      {"sum of rows", {{big}, [](const Tensors& in) { return square(sum(in[0], {0})); }}},
      {"sum of all", {{long_row}, [](const Tensors& in) { return square(sum(in[0])); }}},
      {"sum of many narrow rows", {{narrow_rows}, [](const Tensors& in) { return square(sum(in[0], {0})); }}},
      {"sum of the middle axis", {{batch_a}, [](const Tensors& in) { return square(sum(in[0], {1})); }}},
      {"var", {{long_row}, [](const Tensors& in) { return var(in[0]); }}},
      {"broadcast", {{big, gain}, [](const Tensors& in) { return tanh(in[0] * in[1]); }}},
      {"softmax", {{big}, [](const Tensors& in) { return softmax(in[0], -1); }}},
      {"log_softmax", {{big}, [](const Tensors& in) { return log_softmax(in[0], 0); }}},
      {"attention", {{q, k, v}, [](const Tensors& in) { return attention(in[0], in[1], in[2], 4); }}},
      {"layer_norm", {{big, gain, shift}, [](const Tensors& in) { return layer_norm(in[0], in[1], in[2]); }}},
      {"index_add", {{big}, [&](const Tensors& in) { return square(index_add(in[0], 0, index, 50)); }}},
      {"embedding", {{table}, [&](const Tensors& in) { return square(embedding(in[0], index)); }}},
      {"dropout", {{big}, [](const Tensors& in) { return dropout(in[0], 0.3); }}},
      {"cross_entropy",
       {{big}, [&](const Tensors& in) { return cross_entropy(in[0], index, {.label_smoothing = 0.1}); }}},
      {"ctc_loss",
       {{random({60, 40, 50}, 18)},
        [](const Tensors& in) {
          const Tensor labels = Tensor::from(std::vector<Index>(40 * 20, 7), {40, 20}),
                       frames = Tensor::from(std::vector<Index>(40, 60), {40}),
                       lengths = Tensor::from(std::vector<Index>(40, 20), {40});
          return ctc_loss(log_softmax(in[0], -1), labels, frames, lengths, {.reduction = Reduction::none});
        }}},
      {"einsum", {{batch_a, batch_b}, [](const Tensors& in) { return einsum("bij,bjk->ikb", in); }}},
      {"conv2d",
       {{random({8, 3, 30, 30}, 14), random({16, 3, 3, 3}, 15)},
        [](const Tensors& in) { return conv2d(in[0], in[1], {}); }}},
      {"conv2d with groups",
       {{random({8, 6, 30, 30}, 18), random({16, 3, 3, 3}, 19), random({16}, 20)},
        [](const Tensors& in) {
          return conv2d(in[0], in[1], in[2], {.stride = {2, 1}, .padding = 1, .groups = 2});
        }}},
      {"conv_transpose2d",
       {{random({8, 16, 15, 15}, 21), random({16, 3, 3, 3}, 22)},
        [](const Tensors& in) { return conv_transpose2d(in[0], in[1], {}, {.stride = 2}); }}},
      {"pooling",
       {{random({9, 7, 40, 40}, 23)},
        [](const Tensors& in) {
          return max_pool2d(in[0], 2) + max_pool2d(avg_pool2d(in[0], 2), 3, {.stride = 1, .padding = 1});
        }}},
      {"batch_norm",
       {{random({30, 20, 9, 9}, 24), random({20}, 25), random({20}, 26)},
        [](const Tensors& in) { return batch_norm(in[0], {}, {}, in[1], in[2], true); }}},
      {"rms_norm", {{big, gain}, [](const Tensors& in) { return rms_norm(in[0], in[1]); }}},
      {"lstm_gates",
       {{random({600, 400}, 16), random({600, 100}, 17)},
        [](const Tensors& in) {
          const LstmState s = lstm_gates(in[0], in[1]);
          return s.hidden + s.cell;
        }}},
  };
  const RestoreThreads restore;
  for (const auto& [name, c] : cases) {
    const auto& [inputs, f] = c;
    std::uint64_t first = 0;
    for (int n : {1, 2, 3, 8}) {
      set_threads(n);
      const RandomScope scope(4, 0);
      const Tensor y = f(inputs);
      Tensors found{y};
      Gradients into;
      sum(square(y) + y).backward({.into = &into});
      for (const Tensor& t : inputs) found.push_back(into.of(t));
      const std::uint64_t now = fingerprint(found);
      if (n == 1) first = now;
      INFO(name << " at " << n << " threads");
      CHECK(now == first);
    }
  }
}

TEST_CASE("shards have the same bits in parallel and in sequence, with any number of threads") {
  const Tensor w = random({64, 64}, 1), table = random({30, 64}, 2);
  Tensors inputs;
  for (std::uint64_t s = 0; s < 6; ++s) inputs.push_back(random({8 + static_cast<Index>(s), 64}, 10 + s).detach());
  auto run = [&](Index s, Gradients& into) {
    const RandomScope scope(1, static_cast<std::uint64_t>(s));
    Tensor h = inputs[static_cast<std::size_t>(s)];
    const Tensor words = embedding(table, Tensor::arange(h.size(0)));
    for (int t = 0; t < 4; ++t) {
      auto step = [&](const Tensors& in) { return tanh(linear(dropout(in[0], 0.1), w) + words); };
      h = t % 2 ? step({h}) : checkpoint(step, {h});
    }
    sum(square(h)).backward({.into = &into});
  };
  auto total = [&](int threads) {
    set_threads(threads);
    std::vector<Gradients> into(6);
    run_shards(6, [&](Index s) { run(s, into[static_cast<std::size_t>(s)]); });
    Tensors found;
    for (const Gradients& g : into) {
      found.push_back(g.of(w));
      found.push_back(g.of(table));
    }
    return fingerprint(found);
  };
  const RestoreThreads restore;
  const std::uint64_t one = total(1);
  for (int repeat = 0; repeat < 20; ++repeat)
    for (int n : {2, 3, 8}) CHECK(total(n) == one);
}

TEST_CASE("a hook on a shared parameter runs for each of several graphs at once") {
  const Tensor w = random({16, 16}, 1), x = random({4, 16}, 2).detach();
  std::mutex mutex;
  int calls = 0;
  Tensor(w).register_hook([&](const Tensor& g) {
    const std::lock_guard lock(mutex);
    ++calls;
    return g * 2.0;
  });
  Gradients one;
  sum(tanh(linear(x, w))).backward({.into = &one});
  const std::uint64_t want = fingerprint({one.of(w)});
  const RestoreThreads restore;
  set_threads(8);
  std::vector<Gradients> into(64);
  run_shards(64, [&](Index s) { sum(tanh(linear(x, w))).backward({.into = &into[static_cast<std::size_t>(s)]}); });
  CHECK(calls == 65);
  for (const Gradients& g : into) CHECK(fingerprint({g.of(w)}) == want);
}

TEST_CASE("RowInvariant: a row has the same bits alone and among up to 100 others") {
  const Tensor x = random({100, 67}, 1).detach(), w = random({45, 67}, 2).detach(), b = random({45}, 3).detach(),
               m = random({67, 45}, 4).detach();
  const RowInvariant guard;
  const Tensor whole = linear(x, w, b), product = matmul(x, m);
  for (Index rows = 1; rows <= 100; ++rows) {
    for (Index start : {Index{0}, 100 - rows}) {
      const Tensor part = clone(narrow(x, 0, start, rows));
      INFO(rows << " rows from " << start);
      CHECK(same_bits(linear(part, w, b).data<float>(), whole.data<float>() + start * 45, rows * 45));
      CHECK(same_bits(matmul(part, m).data<float>(), product.data<float>() + start * 45, rows * 45));
    }
  }
}

TEST_CASE("RowInvariant: attention has the same bits for a sentence alone, in a batch, and with any padding") {
  const RowInvariant guard;
  const Index heads = 4, dim = 32;
  for (Index sources : {1, 5, 16, 17, 40}) {
    for (Index targets : {1, 3, 65}) {
      const Tensor q = random({1, targets, dim}, 1).detach(), k = random({1, sources, dim}, 2).detach(),
                   v = random({1, sources, dim}, 3).detach();
      const Tensor alone = attention(q, k, v, heads), causal = attention(q, k, v, heads, {.causal = true});
      for (Index pad_sources : {0, 1, 30}) {
        for (Index pad_targets : {0, 2, 64}) {
          // The sentence is the second of three; the values of the others and of the padding do not matter.
          auto in_batch = [](const Tensor& t, Index padding, std::uint64_t stream) {
            const Tensor wide = concat({t, random({1, padding, t.size(2)}, stream).detach()}, 1);
            return concat({random(wide.shape(), stream + 1).detach(), wide, random(wide.shape(), stream + 2).detach()},
                          0);
          };
          Tensor keep = Tensor::ones({3, 1, 1, sources + pad_sources});
          for (Index s = sources; s < sources + pad_sources; ++s)
            keep.mutable_data<float>()[sources + pad_sources + s] = 0;
          const Tensor bq = in_batch(q, pad_targets, 30), bk = in_batch(k, pad_sources, 40),
                       bv = in_batch(v, pad_sources, 50);
          INFO(sources << " sources, " << targets << " targets, padded by " << pad_sources << ", " << pad_targets);
          const Tensor batch = attention(bq, bk, bv, heads, {.mask = keep}),
                       hidden = attention(bq, bk, bv, heads, {.mask = keep, .causal = true});
          const Index start = (targets + pad_targets) * dim;
          CHECK(same_bits(alone.data<float>(), batch.data<float>() + start, targets * dim));
          CHECK(same_bits(causal.data<float>(), hidden.data<float>() + start, targets * dim));
        }
      }
    }
  }
}

TEST_CASE("softmax, log_softmax, logsumexp and sums of a row do not change with padding") {
  for (Index n : {1, 7, 16, 33, 100}) {
    const Tensor x = random({2, n}, 1).detach();
    for (Index padding : {1, 15, 16, 50}) {
      const Tensor wide = concat({x, random({2, padding}, 2).detach()}, 1);
      const Tensor keep = concat({Tensor::ones({2, n}), Tensor::zeros({2, padding})}, 1);
      INFO(n << " padded by " << padding);
      auto first = [&](const Tensor& t) { return clone(narrow(t, 1, 0, n)); };
      CHECK(fingerprint({softmax(x, -1)}) == fingerprint({first(softmax(wide, -1, keep))}));
      CHECK(fingerprint({log_softmax(x, -1)}) == fingerprint({first(log_softmax(wide, -1, keep))}));
      CHECK(fingerprint({logsumexp(x, -1)}) == fingerprint({logsumexp(wide, -1, false, keep)}));
      CHECK(fingerprint({sum(x, {1})}) == fingerprint({sum(masked_fill(wide, logical_not(keep), 0.0), {1})}));
    }
  }
}

TEST_CASE("sums along any axis do not change with zeros at its end") {
  const auto rows_of_zeros = [](Index n, const Shape& shape) {
    Shape zeros = shape;
    zeros[0] = n;
    return Tensor::zeros(zeros);
  };
  for (const Index columns : {1, 2, 3, 5, 40, 64, 65, 600}) {
    for (const Index rows : {1, 2, 3, 7, 8, 9, 100, 129, 5000}) {
      const Tensor x = random({rows, columns}, 1).detach();
      const std::uint64_t expected = fingerprint({sum(x, {0})});
      for (const Index padding : {1, 6, 8, 121, 5000}) {
        INFO(rows << " x " << columns << " padded by " << padding);
        CHECK(fingerprint({sum(concat({x, rows_of_zeros(padding, x.shape())}, 0), {0})}) == expected);
      }
    }
  }
}

TEST_CASE("a dot product has the same bits with zeros at its end") {
  for (const Index n : {1, 16, 17, 100, 112, 127, 128, 200, 1000}) {
    const Tensor x = random({2, n}, 1).detach(), dy = random({2, n}, 2).detach();
    const auto gradient = [](const Tensor& in, const Tensor& seed) {
      return grad({softmax(in, -1)}, {in}, {.seeds = {seed}})[0];
    };
    const Tensor expected = gradient(clone(x).set_requires_grad(), dy);
    for (const Index padding : {1, 15, 16, 17, 112, 1000}) {
      const Tensor hidden = Tensor::full({2, padding}, -INFINITY);
      const Tensor wide = concat({x, hidden}, 1).set_requires_grad();
      const Tensor found = gradient(wide, concat({dy, random({2, padding}, 3).detach()}, 1));
      INFO(n << " padded by " << padding);
      CHECK(fingerprint({narrow(found, 1, 0, n)}) == fingerprint({expected}));
    }
  }
}

TEST_CASE("attention has the same bits for a sentence in any batch and with any padding of its sources") {
  for (Index targets : {1, 4, 5, 65}) {
    const Tensor q = random({3, targets, 32}, 1).detach(), k = random({3, 9, 32}, 2).detach(),
                 v = random({3, 9, 32}, 3).detach();
    auto second = [](const Tensor& t) { return clone(narrow(t, 0, 1, 1)); };
    const Tensor alone = attention(second(q), second(k), second(v), 4);
    for (Index padding : {0, 1, 20}) {
      const Tensor keep = concat({Tensor::ones({9}), Tensor::zeros({padding})}, 0);
      const Tensor batch = attention(q, concat({k, random({3, padding, 32}, 4).detach()}, 1),
                                     concat({v, random({3, padding, 32}, 5).detach()}, 1), 4, {.mask = keep});
      INFO(targets << " targets, sources padded by " << padding);
      CHECK(fingerprint({alone}) == fingerprint({second(batch)}));
    }
  }
}

TEST_CASE("regression: a sum over 3 rows of 5 columns had other bits than over 3 rows of 64 columns") {
  for (const Index rows : {2, 3, 5, 8, 17, 128}) {
    const Tensor wide = Tensor::normal({rows, 64}, 0, 1, Philox(1, 5));
    const Tensor sums = sum(wide, 0);
    for (const Index columns : {2, 3, 5, 17, 33, 63}) {
      CAPTURE(rows, columns);
      CHECK(sum(narrow(wide, 1, 0, columns), 0).to_vector<float>() == narrow(sums, 0, 0, columns).to_vector<float>());
    }
  }
}

TEST_CASE("a sum along a leading axis has the same bits in a wider tensor, over any number of rows") {
  for (const Index rows : {9, 16, 17, 48, 49, 100, 129, 300, 5000}) {
    const Tensor x = random({rows, 700}, 1).detach();
    const Tensor expected = sum(x, 0);
    for (const Index columns : {2, 15, 63, 64, 256, 257}) {
      INFO(rows << " x " << columns);
      const Tensor part = sum(clone(narrow(x, 1, 0, columns)), 0);
      CHECK(same_bits(part.data<float>(), expected.data<float>(), columns));
    }
  }
}

}  // namespace gradus::autograd_determinism_test
