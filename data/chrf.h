#pragma once

#include <gradus/data/measure.h>

namespace gradus::data {

/// chrF2 (Popović 2015), from 0 to 100, as sacreBLEU computes it by default: n-grams of up to 6 characters, without
/// white space, recall with twice the weight of precision, and the reference with the highest score. A character is a
/// code point. With `words` = 2 it is chrF++ (Popović 2017), which also counts n-grams of up to 2 words. Throws Error
/// as check(texts) does, and when `words` is not from 0 to 100.
Measure chrf(const Texts& texts, Index words = 0);

}  // namespace gradus::data
