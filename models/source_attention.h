#pragma once

#include <optional>
#include <variant>

#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/models/options.h>
#include <gradus/nn/attention.h>
#include <gradus/nn/location_attention.h>
#include <gradus/nn/multiplicative_attention.h>

namespace gradus::models {

/// What attention leaves for the next step.
struct Reading {
  Tensor c;      // c_j, or with the option `attentional` tanh(W_c [s_j; c_j])
  Tensor alpha;  // alpha_j [batch, source] where the alignment reads it, else undefined
};

/// Attention of decoder states s [batch, hidden] to encoder states h [batch, source, source_dim]. The option
/// `alignment` selects its kind.
///
/// With the option `attentional` the vector tanh(W_c [s_j; c_j]) replaces c_j in the next step, and [s_j; c_j] before
/// the output layer (Luong et al. 2015, eq. 5, with input feeding, 3.3).
struct SourceAttention {
  /// The layer that Seq2SeqOptions::alignment selects.
  std::variant<nn::AdditiveAttention, nn::Attention, nn::MultiplicativeAttention, nn::LocationAttention> kind;
  std::optional<nn::Linear> attentional;  // W_c

  /// Registers the layer below the scope, and W_c below `attentional`.
  SourceAttention(nn::Scope scope, const Seq2SeqOptions& o, Index source_dim)
      : kind(make(scope, o.alignment, o.hidden, source_dim)) {
    if (o.attentional)
      attentional.emplace(scope / "attentional", o.hidden + context_width(o, source_dim), o.hidden, false);
  }

  /// Numbers of c_j: of a value.
  static Index context_width(const Seq2SeqOptions& o, Index source_dim) {
    return o.alignment == Alignment::qkv ? o.hidden : source_dim;
  }
  /// Numbers of Reading::c.
  static Index reading_width(const Seq2SeqOptions& o, Index source_dim) {
    return o.attentional ? o.hidden : context_width(o, source_dim);
  }
  /// Numbers of `output_input`.
  static Index output_width(const Seq2SeqOptions& o, Index source_dim) {
    return o.attentional ? o.hidden : o.hidden + context_width(o, source_dim);
  }

  /// k_i and v_i of h, mask [batch, source] non-zero at tokens
  nn::KeyValues key_values(const Tensor& h, const Tensor& mask) const {
    return std::visit([&](const auto& a) { return a.key_values(h, mask); }, kind);
  }
  /// c_0 = 0 [batch, width] and alpha_0 = 0
  Reading nothing(const nn::KeyValues& source, Index width) const {
    const auto* location = std::get_if<nn::LocationAttention>(&kind);
    return {Tensor::zeros({source.keys.size(0), width}, source.keys.dtype()),
            location != nullptr ? location->first_weights(source) : Tensor()};
  }
  /// alpha_j [batch, source] after the reading of step j - 1
  Tensor attention_weights(const Tensor& s, const nn::KeyValues& source, const Reading& before) const {
    const nn::KeyValues kv = at(source, before);
    return std::visit([&](const auto& a) { return a.attention_weights(s, kv); }, kind);
  }
  /// The reading of step j.
  Reading read(const Tensor& s, const nn::KeyValues& source, const Reading& before) const {
    if (before.alpha.defined()) {
      const Tensor alpha = attention_weights(s, source, before);
      return {joined(s, nn::weighted_sum(alpha, source.values)), alpha};
    }
    return {joined(s, std::visit([&](const auto& a) { return a.context(s, source); }, kind)), {}};
  }
  /// What the output layer reads: [s_j; c_j] from s [..., hidden] and c of a Reading [..., width].
  Tensor output_input(const Tensor& s, const Tensor& c) const { return attentional ? c : concat({s, c}, -1); }

 private:
  nn::KeyValues at(const nn::KeyValues& source, const Reading& before) const {
    const auto* location = std::get_if<nn::LocationAttention>(&kind);
    return location != nullptr ? location->located(source, before.alpha) : source;
  }

  Tensor joined(const Tensor& s, const Tensor& c) const {
    return attentional ? tanh((*attentional)(concat({s, c}, -1))) : c;
  }

  static decltype(kind) make(nn::Scope scope, Alignment alignment, Index hidden, Index source_dim) {
    switch (alignment) {
      case Alignment::additive:
        return nn::AdditiveAttention(scope, hidden, source_dim, hidden);
      case Alignment::qkv:
        return nn::Attention(scope, hidden, source_dim, hidden);
      case Alignment::dot:
        return nn::MultiplicativeAttention(scope, hidden, source_dim, nn::ScoreForm::dot);
      case Alignment::general:
        return nn::MultiplicativeAttention(scope, hidden, source_dim, nn::ScoreForm::general);
      case Alignment::location:
        return nn::LocationAttention(scope, hidden, source_dim, hidden);
    }
    throw Error("an alignment out of range");
  }
};

}  // namespace gradus::models
