#include <gradus/autograd/foundation/types.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ostream>

namespace gradus {

const char* name(DType t) {
  switch (t) {
    case DType::f32:
      return "f32";
    case DType::f64:
      return "f64";
    default:
      return "i64";
  }
}

std::ostream& operator<<(std::ostream& out, DType t) { return out << name(t); }

void Shape::push_back(Index extent) { insert(rank_, extent); }

void Shape::insert(Index axis, Index extent) {
  if (axis < 0 || axis > rank_)
    throw Error(fmt::format("an axis cannot be inserted at {} of {}; expected 0 to {}", axis, to_string(*this), rank_));
  if (rank_ == max_rank)
    throw Error(fmt::format("a tensor has at most {} axes; {} cannot get another", max_rank, to_string(*this)));
  for (Index i = rank_; i > axis; --i)
    extents_[static_cast<std::size_t>(i)] = extents_[static_cast<std::size_t>(i - 1)];
  ++rank_;
  (*this)[axis] = extent;
}

void Shape::erase(Index axis) {
  for (Index i = axis; i + 1 < rank_; ++i) (*this)[i] = (*this)[i + 1];
  --rank_;
}

void Shape::refuse() const { throw Error(why_impossible(*this)); }

std::string why_impossible(const Shape& s) {
  if (std::any_of(s.begin(), s.end(), [](Index e) { return e < 0; }))
    return fmt::format("no tensor has shape {}: extents must not be negative", to_string(s));
  return fmt::format("no tensor has shape {}: the limit is {} elements (2^59), where an extent of 0 counts as 1",
                     to_string(s), Shape::max_numel);
}

std::string to_string(const Shape& s) { return fmt::format("[{}]", fmt::join(s.begin(), s.end(), ", ")); }

std::ostream& operator<<(std::ostream& out, const Shape& s) { return out << to_string(s); }

}  // namespace gradus
