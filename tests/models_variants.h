#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <gradus/autograd/foundation/random.h>
#include <gradus/models/registry.h>
#include <gradus/nn/parameters.h>

// Tiny models in all relevant combinations of options.
namespace gradus::models {

inline std::vector<Seq2SeqOptions> all_variants() {
  std::vector<Seq2SeqOptions> variants;
  Seq2SeqOptions base;
  base.source_vocab = 7;
  base.target_vocab = 6;
  base.dim = 4;
  base.hidden = 4;
  base.max_length = 16;
  for (auto cell : {nn::CellKind::rnn, nn::CellKind::gru, nn::CellKind::lstm}) {
    for (bool bidirectional : {false, true}) {
      for (Index encoder_layers : {1, 2}) {
        Seq2SeqOptions o = base;
        o.cell = cell;
        o.bidirectional = bidirectional;
        o.encoder_layers = encoder_layers;
        o.decoder_layers = bidirectional ? 2 : 1;
        o.model = "rnn";
        o.tied = encoder_layers == 2;
        variants.push_back(o);
        o.model = "rnn-attention";
        o.tied = false;
        for (auto alignment : {Alignment::additive, Alignment::qkv}) {
          o.alignment = alignment;
          variants.push_back(o);
        }
        if (encoder_layers == 2 && bidirectional) {
          variants.push_back(o);
          variants.back().cell_norm = true;
        }
        if (cell != nn::CellKind::lstm) continue;
        for (auto alignment : {Alignment::dot, Alignment::general, Alignment::location}) {
          if (alignment == Alignment::dot && bidirectional) continue;
          o.alignment = alignment;
          o.attentional = o.tied = encoder_layers == 2;
          variants.push_back(o);
        }
      }
    }
  }
  for (auto positions : {Positions::none, Positions::sinusoidal, Positions::learned}) {
    Seq2SeqOptions o = base;
    o.positions = positions;
    o.model = "attention";
    variants.push_back(o);
    o.tied = true;
    variants.push_back(o);
    o.tied = false;
    o.model = "transformer";
    variants.push_back(o);
    o.heads = 2;
    o.ffn = 16;
    variants.push_back(o);
    o.encoder_layers = o.decoder_layers = 2;
    o.residual = true;
    variants.push_back(o);
    o.tied = true;
    for (auto norm : {nn::NormOrder::pre, nn::NormOrder::post}) {
      o.norm = norm;
      variants.push_back(o);
    }
    o.ffn = 0;
    o.encoder_layers = 1;
    variants.push_back(o);
  }
  for (auto positions : {Positions::rotary, Positions::relative, Positions::alibi}) {
    Seq2SeqOptions o = base;
    o.positions = positions;
    o.max_distance = 2;
    o.model = "transformer";
    variants.push_back(o);
    o.heads = 2;
    o.ffn = 8;
    o.encoder_layers = o.decoder_layers = 2;
    o.residual = true;
    o.norm = nn::NormOrder::pre;
    variants.push_back(o);
  }
  base.copy = true;
  base.target_of_source = {-1, -1, 2, 4, 3, 5, 2};
  for (auto alignment : {Alignment::additive, Alignment::qkv, Alignment::dot}) {
    Seq2SeqOptions o = base;
    o.alignment = alignment;
    o.bidirectional = alignment == Alignment::additive;
    o.attentional = o.tied = alignment == Alignment::qkv;
    variants.push_back(o);
  }
  base.model = "transformer";
  variants.push_back(base);
  base.heads = 2;
  base.encoder_layers = base.decoder_layers = 2;
  base.residual = base.tied = true;
  variants.push_back(base);
  return variants;
}

inline std::string describe(const Seq2SeqOptions& o) {
  return fmt::format(
      "{} {} {} {} norm {} bidirectional {} layers {}/{} heads {} ffn {} residual {} norm {} tied {} attentional {} "
      "copy {}",
      o.model, cell_names[static_cast<std::size_t>(o.cell)], alignment_names[static_cast<std::size_t>(o.alignment)],
      positions_names[static_cast<std::size_t>(o.positions)], o.cell_norm, o.bidirectional, o.encoder_layers,
      o.decoder_layers, o.heads, o.ffn, o.residual, norm_names[static_cast<std::size_t>(o.norm)], o.tied, o.attentional,
      o.copy);
}

/// sin 0, sin 1, sin 2 and so on.
inline void fill_with_sines(Tensor t) {
  dispatch_floating(t.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (Index i = 0; i < t.numel(); ++i) t.mutable_data<T>()[i] = static_cast<T>(std::sin(static_cast<double>(i)));
  });
}

/// A model with its parameters.
struct Built {
  nn::ParameterStore store;
  std::unique_ptr<Seq2Seq> model;
  explicit Built(const Seq2SeqOptions& options, DType dtype = DType::f64, std::uint64_t seed = 1)
      : store(seed, dtype), model(make_model(store.root(), options)) {
    // The biases of distances begin as zeros, which would hide their mistakes.
    for (const auto& p : store.all())
      if (p.path.ends_with("distances.weight")) fill_with_sines(p.tensor);
  }
};

/// Multiplies all parameters, so that the outputs of a tiny model differ clearly.
inline void stir(const nn::ParameterStore& store, double scale) {
  for (const auto& p : store.all()) {
    Tensor t = p.tensor;
    dispatch_floating(t.dtype(), [&](auto zero) {
      auto* values = t.mutable_data<decltype(zero)>();
      for (Index i = 0; i < t.numel(); ++i) values[i] *= static_cast<decltype(zero)>(scale);
    });
  }
}

/// Rows of random ids 3 .. vocabulary - 1 with the given lengths, padded with 0 to `width` (0: the longest row).
inline Tensor random_ids(const std::vector<Index>& lengths, Index vocabulary, std::uint64_t seed, Index width = 0) {
  for (Index n : lengths) width = std::max(width, n);
  const Philox random(seed, 0);
  std::vector<Index> ids;
  for (std::size_t row = 0; row < lengths.size(); ++row) {
    for (Index t = 0; t < width; ++t) {
      ids.push_back(t >= lengths[row]
                        ? 0
                        : 3 + static_cast<Index>(random.below(row * 1000 + static_cast<std::size_t>(t),
                                                              static_cast<std::uint64_t>(vocabulary - 3))));
    }
  }
  return Tensor::from(ids, {std::ssize(lengths), width});
}

/// The largest absolute difference of two elements; infinite when the shapes differ or a difference is NaN.
inline double largest_difference(const Tensor& a, const Tensor& b) {
  if (!(a.shape() == b.shape())) return INFINITY;
  double most = 0;
  dispatch_floating(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (Index i = 0; i < a.numel(); ++i) {
      const auto d = std::abs(static_cast<double>(a.data<T>()[i] - b.data<T>()[i]));
      most = std::isnan(d) ? INFINITY : std::max(most, d);
    }
  });
  return most;
}

}  // namespace gradus::models
