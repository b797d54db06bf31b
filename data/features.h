#pragma once

#include <string_view>

#include <gradus/data/tokenize.h>

namespace gradus::data {

/// The tokens of a cell of features such as "V;PST;3", as in the data of SIGMORPHON and UniMorph. Semicolons separate
/// the features; white space around a feature and empty features are dropped. The token of a feature is a tab and its
/// name. A tab separates columns, so no token of a text has one.
Tokens feature_tokens(std::string_view text);

/// The name of the feature whose token this is; empty for a token of a text.
std::string_view feature_name(std::string_view token);

}  // namespace gradus::data
