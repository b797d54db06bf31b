// Makes one rule wrong at a time, and checks that the op table fails. Counts the mutants that change a gradient
// somewhere in the table. Exits with 1 when the table misses one. scripts/mutants.sh builds and runs it.
#include <fmt/format.h>

#include <array>
#include <map>
#include <set>

#include <gradus/autograd/checks/mutation.h>
#include <gradus/checks/op_table.h>

using namespace gradus;
using checks::Row;
using mutation::Kind;
using mutation::Mutant;

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
    const bool passed = checks::as_expected(*c.row, checks::check(*c.row, c.order));
    changed = changed || scope.changed();
    if (!passed) return Fate::caught;
  }
  return changed ? Fate::missed : Fate::harmless;
}

}  // namespace

int main() {
  const std::vector<Row> rows = checks::ops();
  std::map<std::pair<std::string, Index>, std::vector<Case>> users;  // per op and input: the cases that run its rule
  std::set<std::string> ops;
  for (int order : {1, 2}) {
    for (const Row& row : rows) {
      if (order > checks::order_of(row)) continue;
      const mutation::Scope scope({});
      checks::check(row, order);
      for (const auto& rule : scope.visited()) {
        users[rule].push_back({&row, order});
        ops.insert(rule.first);
      }
    }
  }
  std::map<std::string, std::array<int, 2>> tally;  // caught, seeded
  int caught = 0, seeded = 0;
  for (const auto& [rule, cases] : users) {
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
  }
  for (const auto& [name, counts] : tally) fmt::print("{:<11} {:>4} of {:>4} caught\n", name, counts[0], counts[1]);
  fmt::print("{} ops, {} rules: {} of {} mutants caught\n", ops.size(), users.size(), caught, seeded);
  return caught == seeded && seeded > 0 ? 0 : 1;
}
