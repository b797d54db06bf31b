#include <gradus/train/memory_estimate.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/autograd/foundation/error.h>
#include <gradus/data/internal/counted.h>
#include <gradus/models/registry.h>

namespace gradus::train {
namespace {

constexpr double bytes_per_number = 4;
constexpr double program_bytes = 14e6;  // without a model
constexpr double optimizer_states = 2;  // numbers per parameter; those of Adam
// A pair and a token of it while a file is read, and encoded.
constexpr double pair_bytes = 100, token_bytes = sizeof(std::string) + 1, id_bytes = sizeof(data::Id);

std::string shown_bytes(double bytes) {
  return bytes < 1e9 ? fmt::format("{:.0f} MB", std::max(bytes / 1e6, 1.0)) : fmt::format("{:.1f} GB", bytes / 1e9);
}

// The share of a batch that is in memory at the same time.
double share_of_batch(const TrainConfig& t, int threads) {
  const auto shards = static_cast<double>(t.shards);
  return std::min(shards, static_cast<double>(threads)) / (shards * static_cast<double>(t.accumulate));
}

// Numbers of parameters, gradients, states and averages.
double parameter_numbers(const TrainConfig& t, Index parameters) {
  return (1 + static_cast<double>(t.shards) + optimizer_states + (t.average > 0 ? 1 : 0)) *
         static_cast<double>(parameters);
}

}  // namespace

std::string MemoryEstimate::text() const {
  if (images > 0)
    return fmt::format("about {} of memory for a batch of {}", shown_bytes(bytes), data::counted(images, "image"));
  return fmt::format("about {} of memory for a batch of {} of up to {} source and {} target tokens", shown_bytes(bytes),
                     data::counted(pairs, "pair"), source, target);
}

std::optional<MemoryEstimate> estimate_memory(const RunConfig& config, Index parameters,
                                              const std::vector<data::EncodedPair>& pairs, int threads) {
  const models::ModelInfo info = models::model_info(config.model.model);
  if (info.cost == nullptr || pairs.empty()) return std::nullopt;
  const TrainConfig& t = config.train;

  const double share = share_of_batch(t, threads);
  MemoryEstimate most;
  double kept = 0, tokens = 0;
  for (const std::vector<Index>& rows :
       data::plan_batches(pairs, {.by = t.batch_by, .size = t.batch, .shuffle = false})) {
    MemoryEstimate batch{.pairs = std::ssize(rows)};
    for (const Index row : rows) {
      const data::EncodedPair& pair = pairs[static_cast<std::size_t>(row)];
      batch.source = std::max(batch.source, std::ssize(pair.source) + 1);
      batch.target = std::max(batch.target, std::ssize(pair.target) + 1);
      tokens += static_cast<double>(pair.source.size() + pair.target.size());
    }
    const auto size = static_cast<double>(batch.pairs);
    // A part of a batch has at least one pair.
    const models::Cost cost = info.cost(config.model, {.sequences = std::max(size * share, 1.0),
                                                       .source = static_cast<double>(batch.source),
                                                       .target = static_cast<double>(batch.target)});
    if (most.pairs != 0 && cost.kept <= kept) continue;
    kept = cost.kept;
    most = batch;
  }
  const double all_pairs = pair_bytes * static_cast<double>(pairs.size());
  if (t.r_drop > 0) kept *= 2;  // two passes
  const double reading = all_pairs + token_bytes * tokens;
  const double training = all_pairs + id_bytes * tokens + bytes_per_number * (parameter_numbers(t, parameters) + kept);
  most.bytes = program_bytes + std::max(reading, training);
  return most;
}

std::optional<MemoryEstimate> estimate_image_memory(const RunConfig& config, Index parameters,
                                                    const data::Images& images, int threads) {
  const models::ModelInfo info = models::model_info(config.model.model);
  if (info.cost == nullptr || images.count == 0) return std::nullopt;
  const models::ImageOptions& o = config.image;
  const TrainConfig& t = config.train;
  MemoryEstimate estimate{.images = std::min(t.batch, images.count)};
  const double at_once = std::max(static_cast<double>(estimate.images) * share_of_batch(t, threads), 1.0);
  const auto patches = static_cast<double>((o.height / o.patch) * (o.width / o.patch) + 1);
  const models::Cost cost = info.cost(config.model, {.sequences = at_once, .source = patches});
  // All images are held twice while some are held out of those that were read.
  estimate.bytes = program_bytes + 2 * static_cast<double>(images.count * images.numbers()) +
                   bytes_per_number * (parameter_numbers(t, parameters) + cost.kept +
                                       2 * at_once * static_cast<double>(images.numbers()));
  return estimate;
}

std::string check_memory(const MemoryEstimate& estimate, double available, const std::string& limit) {
  if (estimate.bytes <= available) return "note: " + estimate.text();
  const std::string against =
      fmt::format("{}, and the process can get {} ({})", estimate.text(), shown_bytes(available), limit);
  constexpr const char* way_out =
      "make train.batch, data.max_tokens or the model smaller, or raise train.accumulate, which computes a batch in "
      "parts";
  if (estimate.bytes / 2 <= available) return fmt::format("note: {}: it may not fit; {}", against, way_out);
  throw Error(fmt::format("training needs {}: {}", against, way_out));
}

}  // namespace gradus::train
