#include <gradus/autograd/foundation/types.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

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

std::string to_string(const Shape& s) { return fmt::format("[{}]", fmt::join(s.begin(), s.end(), ", ")); }

std::ostream& operator<<(std::ostream& out, const Shape& s) { return out << to_string(s); }

}  // namespace gradus
