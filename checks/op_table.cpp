#include <gradus/checks/op_table.h>

#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

std::vector<Row> ops() {
  Rows rows;
  add_arithmetic(rows);
  add_functions(rows);
  add_comparison(rows);
  add_shape(rows);
  add_slicing(rows);
  add_joining(rows);
  add_copying(rows);
  add_indexing(rows);
  add_reduction(rows);
  add_softmax(rows);
  add_matmul(rows);
  add_attention(rows);
  add_layer_norm(rows);
  add_dropout(rows);
  add_convolution(rows);
  add_pooling(rows);
  add_normalization(rows);
  add_cells(rows);
  add_losses(rows);
  add_activations(rows);
  add_ctc(rows);
  add_einsum(rows);
  add_sampling(rows);
  add_creation(rows);
  add_rounding(rows);
  add_norms(rows);
  add_sorting(rows);
  add_products(rows);
  add_diagonals(rows);
  add_repeating(rows);
  add_division(rows);
  return rows.all;
}

int order_of(const Row& row) { return row.differentiable ? row.order : 0; }

GradcheckReport check(const Row& row, int order) {
  return gradcheck(row.f, row.inputs, {.relative = 1e-9, .order = order});
}

bool as_expected(const Row& row, const GradcheckReport& report) {
  return report.verdict == row.verdict ||
         (report.options.order > 1 && row.verdict != Verdict::pass && report.verdict != Verdict::fail);
}

}  // namespace gradus::checks
