#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gradus/nn/attention.h>
#include <gradus/nn/cells.h>

namespace gradus::models {

/// The state of decoding between two words. Tensors are [batch, ...] or undefined; a row is a hypothesis.
struct State {
  std::vector<Tensor> source;     // of the source: equal for all hypotheses of a sentence
  std::vector<Tensor> cache;      // of the words so far
  Tensor source_mask;             // [batch, source]: 1 for a token, 0 for padding
  Index position = 0;             // words so far
  std::vector<State> parts = {};  // of an Ensemble: the states of its models; the tensors above are then undefined

  /// The state one word later.
  State next(std::vector<Tensor> new_cache) const { return {source, std::move(new_cache), source_mask, position + 1}; }
};

/// Throws an Error, which begins with `model`, unless the state has so many tensors of the source and of the words.
inline void check_state(const char* model, const State& state, std::size_t source, std::size_t cache) {
  if (state.source.size() == source && state.cache.size() == cache) return;
  throw Error(std::string(model) + ": the state has " + std::to_string(state.source.size()) +
              " tensors of the source and " + std::to_string(state.cache.size()) + " of the words; expected " +
              std::to_string(source) + " and " + std::to_string(cache) + ", as encode of the same model gives");
}

// Keys and values, or cell states, of each layer as the tensors of a State, two per layer; and back.

/// Keys and values of each layer, without their mask.
inline std::vector<Tensor> to_tensors(const std::vector<nn::KeyValues>& layers) {
  std::vector<Tensor> tensors;
  for (const auto& [keys, values, mask] : layers) tensors.insert(tensors.end(), {keys, values});
  return tensors;
}
/// The same with one more tensor, which may be undefined.
inline std::vector<Tensor> to_tensors(const std::vector<nn::KeyValues>& layers, Tensor last) {
  std::vector<Tensor> tensors = to_tensors(layers);
  tensors.push_back(std::move(last));
  return tensors;
}
inline std::vector<Tensor> to_tensors(const std::vector<nn::CellState>& layers) {
  std::vector<Tensor> tensors;
  for (const auto& [hidden, cell] : layers) tensors.insert(tensors.end(), {hidden, cell});
  return tensors;
}

/// An unpaired last tensor is no layer.
inline std::vector<nn::KeyValues> to_key_values(const std::vector<Tensor>& tensors, const Tensor& mask = {}) {
  std::vector<nn::KeyValues> layers;
  for (std::size_t i = 0; i + 1 < tensors.size(); i += 2) layers.push_back({tensors[i], tensors[i + 1], mask});
  return layers;
}
inline std::vector<nn::CellState> to_cell_states(const std::vector<Tensor>& tensors) {
  std::vector<nn::CellState> layers;
  for (std::size_t i = 0; i + 1 < tensors.size(); i += 2) layers.push_back({tensors[i], tensors[i + 1]});
  return layers;
}

}  // namespace gradus::models
