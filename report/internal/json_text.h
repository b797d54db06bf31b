#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gradus/autograd/foundation/types.h>

// JSON as text, composed of the texts of its parts.
namespace gradus::report {

/// An object of names and the texts of their values, in order. Names are written as they are.
std::string json_object(const std::vector<std::pair<const char*, std::string>>& fields);

/// A list of the texts of its elements.
std::string json_list(const std::vector<std::string>& elements);

/// A whole number.
std::string json_whole(Index value);

/// A list of numbers, each as files::json_number writes it.
std::string json_numbers(const std::vector<double>& values);

/// A list of strings.
std::string json_strings(const std::vector<std::string>& texts);

}  // namespace gradus::report
