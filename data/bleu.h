#pragma once

#include <gradus/data/measure.h>

namespace gradus::data {

/// How BLEU splits a text, by sacreBLEU's names: 13a, intl, zh, char and none (at white space).
enum class BleuTokens { mteval_13a, international, chinese, characters, none };

/// BLEU (Papineni et al. 2002), from 0 to 100, as sacreBLEU computes it by default (Post 2018): n-grams of up to 4
/// tokens, the length of the nearest reference, and exponential smoothing. 0 when no output has 4 tokens. Throws Error
/// as check(texts) does.
Measure bleu(const Texts& texts, BleuTokens tokens = BleuTokens::mteval_13a);

}  // namespace gradus::data
