#pragma once

#include <variant>

#include <gradus/models/options.h>
#include <gradus/nn/attention.h>

namespace gradus::models {

/// Attention of decoder states s [batch, query_dim] to encoder states h [batch, source, source_dim]. An option selects
/// its kind.
struct SourceAttention {
  std::variant<nn::AdditiveAttention, nn::Attention> kind;

  SourceAttention(nn::Scope scope, Alignment alignment, Index query_dim, Index source_dim, Index dim)
      : kind(make(scope, alignment, query_dim, source_dim, dim)) {}

  nn::KeyValues key_values(const Tensor& h, const Tensor& mask) const {
    return std::visit([&](const auto& a) { return a.key_values(h, mask); }, kind);
  }
  /// alpha_j [batch, source]
  Tensor attention_weights(const Tensor& s, const nn::KeyValues& source) const {
    return std::visit([&](const auto& a) { return a.attention_weights(s, source); }, kind);
  }
  /// c_j [batch, source_dim] of additive attention, [batch, dim] of query-key-value attention
  Tensor context(const Tensor& s, const nn::KeyValues& source) const {
    return std::visit([&](const auto& a) { return a.context(s, source); }, kind);
  }

 private:
  static std::variant<nn::AdditiveAttention, nn::Attention> make(nn::Scope scope, Alignment alignment, Index query_dim,
                                                                 Index source_dim, Index dim) {
    if (alignment == Alignment::additive) return nn::AdditiveAttention(scope, query_dim, source_dim, dim);
    return nn::Attention(scope, query_dim, source_dim, dim);
  }
};

}  // namespace gradus::models
