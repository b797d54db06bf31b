#include <gradus/report/tensors_json.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/foundation/types.h>
#include <gradus/autograd/ops/losses.h>
#include <gradus/data/batches.h>
#include <gradus/files/internal/json.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/losses.h>
#include <gradus/report/internal/json_text.h>

namespace gradus::report {
namespace {

constexpr std::size_t most_examples = 64;

double norm(const Tensor& tensor) {
  double sum = 0;
  dispatch(tensor.dtype(), [&](auto zero) {
    const auto* values = tensor.data<decltype(zero)>();
    for (Index i = 0; i < tensor.numel(); ++i) sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  });
  return std::sqrt(sum);
}

}  // namespace

Tensor loss_on(const train::Run& run, const std::vector<data::ReferenceSet>& sets) {
  if (sets.empty()) return {};
  std::vector<data::Pair> pairs;
  for (std::size_t i = 0; i < std::min(sets.size(), most_examples); ++i)
    pairs.push_back({sets[i].source, sets[i].references.front()});
  std::vector<Index> rows(pairs.size());
  std::iota(rows.begin(), rows.end(), Index{0});
  const data::Batch b = data::make_batch(data::encode(pairs, run.source, run.target), rows);
  const nn::Training in_use(false);
  const Tensor logits = run.model->logits(Tensor::from(b.source, {b.size, b.source_length}),
                                          Tensor::from(b.target_in, {b.size, b.target_length}));
  return nn::sequence_cross_entropy(logits, Tensor::from(b.target_out, {b.size, b.target_length}),
                                    {.pad = data::pad_id});
}

Tensor loss_on(const train::Run& run, const data::LabelledImages& images) {
  const Index count = std::min(images.images.count, static_cast<Index>(most_examples));
  if (count == 0) return {};
  std::vector<Index> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), Index{0});
  const nn::Training in_use(false);
  return cross_entropy((*run.classifier)(data::pixels_of(images.images, rows, 0, count)),
                       Tensor::from(std::vector<Index>(images.labels.begin(), images.labels.begin() + count), {count}));
}

std::string tensors_json(const train::Run& run, const Tensor& loss) {
  run.store->zero_grad();
  if (loss.defined()) backward(loss);
  std::vector<std::string> rows;
  for (const nn::Parameter& p : run.store->all()) {
    std::vector<std::string> shape;
    for (Index axis = 0; axis < p.tensor.rank(); ++axis) shape.push_back(fmt::format("{}", p.tensor.size(axis)));
    const bool differentiated = loss.defined() && p.tensor.grad().defined();
    rows.push_back(json_object(
        {{"name", files::json_string(p.path)},
         {"shape", json_list(shape)},
         {"numbers", fmt::format("{}", p.tensor.numel())},
         {"kind", files::json_string(p.buffer      ? "buffer"
                                     : p.trainable ? "parameter"
                                                   : "frozen")},
         {"norm", files::json_number(norm(p.tensor))},
         {"gradient",
          files::json_number(differentiated ? norm(p.tensor.grad()) : std::numeric_limits<double>::quiet_NaN())}}));
  }
  return json_list(rows);
}

}  // namespace gradus::report
