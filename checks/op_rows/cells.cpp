#include <gradus/autograd/ops/cells.h>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_cells(Rows& t) {
  const std::string lstm = "lstm_gates(Tensor, Tensor)", gru = "gru_gates(Tensor, Tensor, Tensor)";
  const auto both = [](auto& in) {
    const LstmState s = lstm_gates(in[0], in[1]);
    return concat({s.hidden, s.cell * 0.7}, 1);
  };
  const auto gru_of = [](auto& in) { return gru_gates(in[0], in[1], in[2]); };
  t.add(lstm, "", {random({2, 12}), random({2, 3}, {-1, 1}, 1)}, both);
  t.add(lstm, "only the hidden state", {random({2, 12}), random({2, 3}, {-1, 1}, 1)},
        [](auto& in) { return lstm_gates(in[0], in[1]).hidden; });
  t.vacuous(lstm, "no rows", {random({0, 12}), random({0, 3})}, both);
  t.add(gru, "", {random({2, 9}), random({2, 9}, {-1, 1}, 1), random({2, 3}, {-1, 1}, 2)}, gru_of);
  t.vacuous(gru, "no rows", {random({0, 9}), random({0, 9}), random({0, 3})}, gru_of);
}

}  // namespace gradus::checks
