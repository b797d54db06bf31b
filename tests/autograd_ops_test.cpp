// Every row of the op table, to third order in f64, and in f32 against f64.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/foundation/internal/sanitizers.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/checks/op_table.h>

#include "catch.h"

namespace gradus::autograd_ops_test {

using checks::Row;
using Tensors = std::vector<Tensor>;

namespace {

// Splits a list at commas outside of brackets.
std::vector<std::string> arguments(const std::string& list) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (char c : list) {
    depth += std::string("(<{").find(c) != std::string::npos   ? 1
             : std::string(")>}").find(c) != std::string::npos ? -1
                                                               : 0;
    if (c == ',' && depth == 0)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

// "const Tensor& x" -> "Tensor"; empty for the caller's place.
std::string type_of(std::string argument) {
  argument = argument.substr(0, argument.find('='));
  argument = std::regex_replace(argument, std::regex("const |&"), "");
  std::istringstream words(argument);
  std::string type;
  words >> type;
  return type == "Place" ? "" : type == "Argument" ? "Tensor" : type;
}

// Whether a parameter has one of these types, which convert between flags and numbers.
bool converts(const std::string& type) {
  return std::set<std::string>{"bool", "int", "Index", "std::size_t", "float", "double"}.count(type) > 0;
}

// Adds the signatures that begin with `head`. An Operand is a Tensor or a Scalar, but a binary op has no two numbers.
void add_signatures(const std::string& head, const std::vector<std::string>& types, std::size_t first,
                    std::set<std::string>& found) {
  if (first == types.size()) {
    if (!head.ends_with("(Scalar, Scalar")) found.insert(head + ")");
    return;
  }
  for (const std::string& type :
       types[first] == "Operand" ? std::vector<std::string>{"Tensor", "Scalar"} : std::vector{types[first]})
    add_signatures(head + (first ? ", " : "") + type, types, first + 1, found);
}

// The ops that the headers declare: "add(Tensor, Scalar)".
std::set<std::string> declared() {
  std::ostringstream all;
  for (const auto& entry :
       std::filesystem::directory_iterator("autograd/ops")) {  // tests run in the root of the repository
    if (entry.path().extension() == ".h" && entry.path().filename() != "pointwise.h")
      all << std::ifstream(entry.path()).rdbuf();
  }
  REQUIRE(all.str().size() > 1000);
  std::string text = std::regex_replace(all.str(), std::regex("//[^\n]*"), "");
  std::set<std::string> found;
  const std::regex head(
      "\n(?:inline )?(?:Tensor|std::vector<Tensor>|LstmState|ValuesIndices) (operator[^\\s(]+|\\w+)\\(");
  for (std::sregex_iterator it(text.begin(), text.end(), head), end; it != end; ++it) {
    const std::size_t open = static_cast<std::size_t>(it->position() + it->length());
    std::size_t close = open;
    for (int depth = 1; depth > 0; ++close) depth += text[close] == '(' ? 1 : text[close] == ')' ? -1 : 0;
    std::vector<std::string> types;
    for (const std::string& a : arguments(text.substr(open, close - open - 1)))
      if (const std::string type = type_of(a); !type.empty()) types.push_back(type);
    INFO((*it)[1].str() << " must take Flag, Integer or Scalar");
    CHECK(std::none_of(types.begin(), types.end(), converts));
    add_signatures((*it)[1].str() + "(", types, 0, found);
  }
  return found;
}

double largest_of(const std::vector<double>& v) {
  double m = 0;
  for (double x : v) m = std::max(m, std::fabs(x));
  return m;
}

struct Pass {
  std::vector<double> values;
  std::vector<std::vector<double>> gradients;
};

// Forward and backward with the row's inputs rounded to f32, computed in `dtype`.
Pass run(const Row& row, DType dtype) {
  const RandomScope scope(1, 0);
  Tensors in;
  for (const Tensor& t : row.inputs) {
    if (!is_floating(t.dtype())) {
      in.push_back(t);
      continue;
    }
    Tensor x = to(to(t.detach(), DType::f32), dtype);
    if (x.storage() == t.storage()) x = clone(x);
    in.push_back(t.requires_grad() ? x.set_requires_grad() : x);
  }
  Pass pass;
  const Tensor y = row.f(in);
  pass.values = to(y.detach(), DType::f64).to_vector<double>();
  if (!y.requires_grad()) return pass;
  std::vector<float> seed;
  for (Index i = 0; i < y.numel(); ++i) seed.push_back(1.0f + 0.25f * static_cast<float>(i % 7));
  backward(y, {.seed = to(Tensor::from(seed, y.shape()), dtype)});
  for (const Tensor& t : in) {
    if (is_floating(t.dtype()) && t.requires_grad()) {
      pass.gradients.push_back(t.grad().defined() ? to(t.grad(), DType::f64).to_vector<double>()
                                                  : std::vector<double>());
    }
  }
  return pass;
}

void compare(const std::vector<double>& single, const std::vector<double>& twice, double tolerance, const char* what) {
  REQUIRE(single.size() == twice.size());
  const double scale = largest_of(twice);
  for (std::size_t i = 0; i < single.size(); ++i) {
    INFO(what << " " << i << ": f32 " << single[i] << ", f64 " << twice[i] << ", largest " << scale);
    if (single[i] == twice[i]) continue;
    CHECK(std::fabs(single[i] - twice[i]) <= tolerance * scale);
  }
}

}  // namespace

TEST_CASE("every op of the headers has a row in the table, and every row has an op") {
  std::set<std::string> rows;
  for (const Row& row : checks::ops()) rows.insert(row.op);
  const std::set<std::string> ops = declared();
  CHECK(ops.size() > 100);
  for (const std::string& op : ops) {
    INFO("no row in checks/op_rows for " << op);
    CHECK(rows.count(op) == 1);
  }
  for (const std::string& op : rows) {
    INFO("no such op in autograd/ops.h: " << op);
    CHECK(ops.count(op) == 1);
  }
}

TEST_CASE("docs/operators.md lists every op") {
  std::ostringstream text;
  text << std::ifstream("docs/operators.md").rdbuf();
  for (const Row& row : checks::ops()) {
    const std::string name = row.op.substr(0, row.op.find('('));
    INFO(name);
    CHECK(text.str().find("`" + name + "`") != std::string::npos);
  }
}

TEST_CASE("every op has right derivatives of the first to third order, to 1e-9") {
  std::size_t i = 0;
  for (const Row& row : checks::ops()) {
    if (!row.differentiable) CHECK_FALSE(row.f(row.inputs).requires_grad());
    // Under a sanitizer the third order, which takes longest, of every fourth row.
    const int most = sanitizers::watching && i++ % 4 != 0 ? 2 : 3;
    for (int order = 1; order <= std::min(most, checks::order_of(row)); ++order) {
      const GradcheckReport report = checks::check(row, order);
      INFO(row.op << " " << row.what << "\n" << to_string(report));
      CHECK(checks::as_expected(row, report));
      CHECK(report.worst_relative() <= 1e-9);
    }
  }
}

TEST_CASE("every op in f32 agrees with f64, forward and backward") {
  for (const Row& row : checks::ops()) {
    if (row.f32 == 0) continue;
    const Pass single = run(row, DType::f32), twice = run(row, DType::f64);
    INFO(row.op << " " << row.what);
    compare(single.values, twice.values, row.f32, "value");
    REQUIRE(single.gradients.size() == twice.gradients.size());
    for (std::size_t i = 0; i < single.gradients.size(); ++i)
      compare(single.gradients[i], twice.gradients[i], row.f32, "gradient");
  }
}

}  // namespace gradus::autograd_ops_test
