// Seeds every wrong rule that can be told from the right one, one at a time, and sees whether the table of ops finds
// it. Exits with 1 when one gets through. scripts/mutants.sh builds and runs it.
#include <fmt/format.h>

#include <array>
#include <map>
#include <set>

#include <gradus/autograd/checks/mutation.h>
#include <gradus/checks/op_table.h>

using namespace gradus;
using mutation::Kind;
using mutation::Mutant;
using table::Row;

namespace {

constexpr std::array<std::pair<Kind, const char*>, 4> kinds{
    {{Kind::sign, "sign"}, {Kind::factor, "factor"}, {Kind::sum, "sum"}, {Kind::transposed, "transposed"}}};

struct Case {
  const Row* row;
  int order;
};

enum class Fate { harmless, caught, missed };

Fate fate_of(const Mutant& mutant, const std::vector<Case>& cases) {
  bool changed = false;
  for (const Case& c : cases) {
    const mutation::Scope scope(mutant);
    const bool passed = table::as_expected(*c.row, table::check(*c.row, c.order));
    changed = changed || scope.changed();
    if (!passed) return Fate::caught;
  }
  return changed ? Fate::missed : Fate::harmless;
}

}  // namespace

int main() {
  const std::vector<Row> rows = table::ops();
  std::map<std::pair<std::string, Index>, std::vector<Case>> users;  // of the gradient of an op for one of its inputs
  std::set<std::string> ops;
  for (int order : {1, 2})
    for (const Row& row : rows) {
      if (order > table::order_of(row)) continue;
      const mutation::Scope scope({});
      table::check(row, order);
      for (const auto& rule : scope.visited()) {
        users[rule].push_back({&row, order});
        ops.insert(rule.first);
      }
    }
  std::map<std::string, std::array<int, 2>> tally;  // caught, seeded
  int caught = 0, seeded = 0;
  for (const auto& [rule, cases] : users)
    for (const auto& [kind, name] : kinds) {
      const Fate fate = fate_of({rule.first, rule.second, kind}, cases);
      if (fate == Fate::harmless) continue;
      ++seeded;
      ++tally[name][1];
      if (fate == Fate::caught) {
        ++caught;
        ++tally[name][0];
      } else {
        fmt::print("missed: {} of '{}', input {}\n", name, rule.first, rule.second);
      }
    }
  for (const auto& [name, counts] : tally) fmt::print("{:<11} {:>4} of {:>4} caught\n", name, counts[0], counts[1]);
  fmt::print("{} ops, {} rules: {} of {} mutants caught\n", ops.size(), users.size(), caught, seeded);
  return caught == seeded && seeded > 0 ? 0 : 1;
}
