#include <gradus/autograd/ops/einsum.h>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/diagonals.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus {

namespace {

// An axis: a letter, or -d for the axis of "..." that is number d from its end. In this order they make an implicit
// result.
using Label = int;
using Labels = std::vector<Label>;

bool contains(const Labels& labels, Label l) { return std::find(labels.begin(), labels.end(), l) != labels.end(); }

std::string name_of(Label l) {
  return l < 0 ? fmt::format("axis {} from the end of '...'", -l) : fmt::format("'{}'", static_cast<char>(l));
}

// One operand or the result, as written.
struct Term {
  Labels letters{};
  std::vector<std::size_t> columns{};  // of the letters
  std::size_t begin = 0;               // column of the term
  std::optional<std::size_t> dots{};   // the number of letters before "..."
};

struct Equation {
  std::string_view text;
  Place place;
  std::vector<Term> operands;
  std::optional<Term> result;

  Equation(std::string_view equation, const Place& at) : text(equation), place(at) {
    Term term;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c == ' ') continue;
      if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        term.letters.push_back(c);
        term.columns.push_back(i);
      } else if (c == '.') {
        if (text.substr(i, 3) != "...") fail(i, "a '.' that is not part of '...'");
        if (term.dots) fail(i, "a second '...' in one term");
        term.dots = term.letters.size();
        i += 2;
      } else if (c == ',') {
        if (result) fail(i, "a ',' after '->', where only the result is");
        operands.push_back(std::move(term));
        term = {.begin = i + 1};
      } else if (text.substr(i, 2) == "->") {
        if (result) fail(i, "a second '->'");
        operands.push_back(std::move(term));
        result.emplace();
        i += 1;
        term = {.begin = i + 1};
      } else {
        fail(i, fmt::format("'{}' is not a letter, ' ', ',', '...' or '->'", c));
      }
    }
    if (result)
      result = std::move(term);
    else
      operands.push_back(std::move(term));
  }

  [[noreturn]] void fail(std::size_t column, const std::string& what) const {
    throw Error(fmt::format("einsum: '{}', column {}: {}", text, column + 1, what), place);
  }
};

// A tensor with the labels of its axes. Axes of extent 1 have none.
struct Factor {
  Tensor x;
  Labels labels;

  Index extent(Label l) const { return x.shape()[std::find(labels.begin(), labels.end(), l) - labels.begin()]; }
  Index extent(const Labels& list) const {
    Index n = 1;
    for (Label l : list) n *= extent(l);
    return n;
  }
};

Factor permuted(const Factor& f, const Labels& order, const Place& place) {
  if (f.labels == order) return f;
  std::vector<Index> axes;
  for (Label l : order) axes.push_back(std::find(f.labels.begin(), f.labels.end(), l) - f.labels.begin());
  return {permute(f.x, axes, place), order};
}

// The diagonal of the first pair of axes with one label, as the last axis; and so on, until there is none.
Factor without_repetitions(Factor f, const Place& place) {
  for (auto first = f.labels.begin(); first != f.labels.end(); ++first) {
    const auto second = std::find(first + 1, f.labels.end(), *first);
    if (second == f.labels.end()) continue;
    const Label label = *first;
    f.x = diagonal(f.x, 0, first - f.labels.begin(), second - f.labels.begin(), place);
    f.labels.erase(second);
    f.labels.erase(first);
    f.labels.push_back(label);
    return without_repetitions(std::move(f), place);
  }
  return f;
}

// Summed over the axes that are not in `kept`.
Factor summed(const Factor& f, const std::function<bool(Label)>& kept, const Place& place) {
  Labels labels;
  std::vector<Index> axes;
  for (std::size_t i = 0; i < f.labels.size(); ++i) {
    if (kept(f.labels[i]))
      labels.push_back(f.labels[i]);
    else
      axes.push_back(static_cast<Index>(i));
  }
  return axes.empty() ? f : Factor{sum(f.x, axes, false, place), labels};
}

// The product of two factors, summed over the labels that are not in `kept`.
Factor product(Factor a, Factor b, const Labels& kept, const Equation& equation) {
  const Place& place = equation.place;
  a = summed(
      a, [&](Label l) { return contains(b.labels, l) || contains(kept, l); }, place);
  b = summed(
      b, [&](Label l) { return contains(a.labels, l) || contains(kept, l); }, place);
  Labels batch, left, shared, right;
  for (Label l : a.labels) (!contains(b.labels, l) ? left : contains(kept, l) ? batch : shared).push_back(l);
  for (Label l : b.labels)
    if (!contains(a.labels, l)) right.push_back(l);

  Labels labels;
  for (const Labels* some : {&batch, &left, &right}) labels.insert(labels.end(), some->begin(), some->end());
  if (std::ssize(labels) > Shape::max_rank) {
    throw Error(fmt::format("einsum: '{}': a product of two operands has {} axes, at most {} are possible",
                            equation.text, labels.size(), Shape::max_rank),
                place);
  }
  const auto order = [](std::initializer_list<const Labels*> lists) {
    Labels all;
    for (const Labels* some : lists) all.insert(all.end(), some->begin(), some->end());
    return all;
  };
  Shape shape;
  for (Label l : labels) shape.push_back((contains(a.labels, l) ? a : b).extent(l));
  const Index n = a.extent(batch), rows = a.extent(left), inner = a.extent(shared), columns = b.extent(right);
  Tensor x = permuted(a, order({&batch, &left, &shared}), place).x,
         y = permuted(b, order({&batch, &shared, &right}), place).x;
  if (shared.empty())
    x = mul({reshape(x, {n, rows, 1}, place), place}, reshape(y, {n, 1, columns}, place));
  else if (batch.empty())
    x = matmul({reshape(x, {rows, inner}, place), place}, reshape(y, {inner, columns}, place));
  else
    x = matmul({reshape(x, {n, rows, inner}, place), place}, reshape(y, {n, inner, columns}, place));
  return {reshape(x, shape, place), labels};
}

}  // namespace

Tensor einsum(std::string_view text, const std::vector<Tensor>& operands, Place place) {
  const OpName op("einsum", place);
  const Equation equation(text, place);
  if (operands.empty() || operands.size() != equation.operands.size()) {
    throw Error(fmt::format("einsum: the number of terms of '{}' is {}, and that of tensors is {}, expected equal "
                            "numbers from 1 on",
                            text, equation.operands.size(), operands.size()),
                place);
  }
  for (const Tensor& x : operands) {
    check_floating(op, x);
    if (x.dtype() != operands[0].dtype()) {
      throw Error(fmt::format("einsum: operands {} and {}, expected one floating dtype; convert one with to(x, dtype)",
                              describe(operands[0]), describe(x)),
                  place);
    }
  }

  std::map<Label, Index> extents, uses;
  Index dots = 0;  // the number of axes of "..."
  std::vector<Factor> factors;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    const Term& term = equation.operands[k];
    const Tensor& x = operands[k];
    const Index letters = std::ssize(term.letters);
    if (term.dots ? letters > x.rank() : letters != x.rank()) {
      equation.fail(term.begin,
                    fmt::format("the number of letters is {}, but operand {}, {}, has {}", letters, k + 1, describe(x),
                                x.rank() == 1 ? "one axis" : fmt::format("{} axes", x.rank())));
    }
    const auto before = static_cast<Index>(term.dots.value_or(0)), covered = x.rank() - letters;
    dots = std::max(dots, covered);
    Factor f;
    Shape shape;
    std::map<Label, Index> own;
    for (Index axis = 0; axis < x.rank(); ++axis) {
      const bool in_dots = axis >= before && axis < before + covered;
      const auto letter = static_cast<std::size_t>(axis < before ? axis : axis - covered);
      const Label l = in_dots ? static_cast<Label>(axis - before - covered) : term.letters[letter];
      const Index extent = x.shape()[axis];
      const auto refuse = [&](Index other, const char* where) {
        equation.fail(in_dots ? term.begin : term.columns[letter],
                      fmt::format("{} has the extent {} in operand {}, {}, but {} {}", name_of(l), extent, k + 1,
                                  describe(x), other, where));
      };
      const auto [it, first] = own.emplace(l, extent);
      if (!first && it->second != extent) refuse(it->second, "at another axis of it");
      Index& known = extents.emplace(l, 1).first->second;
      if (extent != 1 && known != 1 && known != extent) refuse(known, "before");
      if (extent != 1) {
        known = extent;
        f.labels.push_back(l);
        shape.push_back(extent);
      }
      ++uses[l];
    }
    f.x = reshape(x, shape, place);
    factors.push_back(without_repetitions(std::move(f), place));
  }

  Labels result;
  if (equation.result) {
    const Term& term = *equation.result;
    for (std::size_t i = 0; i <= term.letters.size(); ++i) {
      if (term.dots == i)
        for (Label l = -static_cast<Label>(dots); l < 0; ++l) result.push_back(l);
      if (i == term.letters.size()) break;
      const Label l = term.letters[i];
      if (!uses.contains(l)) equation.fail(term.columns[i], fmt::format("{} is in no operand", name_of(l)));
      if (contains(result, l)) equation.fail(term.columns[i], fmt::format("{} is twice in the result", name_of(l)));
      result.push_back(l);
    }
  } else {
    for (const auto& [l, count] : uses)
      if (l < 0 || count == 1) result.push_back(l);
  }
  if (std::ssize(result) > Shape::max_rank) {
    throw Error(fmt::format("einsum: '{}': the result has {} axes, at most {} are possible", text, result.size(),
                            Shape::max_rank),
                place);
  }

  Factor all = std::move(factors[0]);
  for (std::size_t k = 1; k < factors.size(); ++k) {
    Labels kept = result;
    for (std::size_t later = k + 1; later < factors.size(); ++later)
      kept.insert(kept.end(), factors[later].labels.begin(), factors[later].labels.end());
    all = product(std::move(all), std::move(factors[k]), kept, equation);
  }
  all = summed(
      all, [&](Label l) { return contains(result, l); }, place);
  Labels order;
  Shape shape;
  for (Label l : result) {
    if (contains(all.labels, l)) order.push_back(l);
    shape.push_back(extents.at(l));
  }
  return reshape(permuted(all, order, place).x, shape, place);
}

}  // namespace gradus
