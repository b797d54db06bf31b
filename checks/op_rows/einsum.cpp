#include <gradus/autograd/ops/einsum.h>

#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_einsum(Rows& t) {
  const auto row = [&t](const std::string& equation, const Tensors& inputs) {
    t.add("einsum(std::string_view, std::vector<Tensor>)", equation, inputs,
          [equation](auto& in) { return einsum(equation, in); });
  };
  const Tensor a = random({2, 3}), b = random({3, 4}, {}, 1), square = random({3, 3}), batch = random({2, 2, 3}, {}, 2);
  row("ij,jk", {a, b});
  row("ij,jk->ki", {a, b});
  row("ij->", {a});
  row("ij -> j", {a});
  row("ii", {square});
  row("ii->i", {square});
  row("jii->ij", {random({2, 3, 3})});
  row("i,j->ij", {random({2}), random({3}, {}, 1)});
  row("ij,ij->ij", {a, random({2, 3}, {}, 1)});
  row("ij,ij", {a, random({2, 3}, {}, 1)});
  row("bij,bkj->bik", {batch, random({2, 2, 3}, {}, 3)});
  row("...ij,...jk", {random({2, 1, 2, 3}), random({3, 3, 2}, {}, 1)});
  row("i...,...j->j", {a, random({3, 2}, {}, 1)});
  row("ij,jk,kl->il", {a, b, random({4, 2}, {}, 2)});
  row("bi,oij,bj->bo", {random({2, 2}), random({2, 2, 3}, {}, 1), random({2, 3}, {}, 2)});
  row("ij,ij->i", {random({2, 1}), random({1, 3}, {}, 1)});
  row(",i->i", {random({}), random({3}, {}, 1)});
  row("ij,ij", {a, a});
  t.vacuous("einsum(std::string_view, std::vector<Tensor>)", "no elements", {random({2, 0}), random({0, 3})},
            [](auto& in) { return einsum("ij,jk", in); });
}

}  // namespace gradus::checks
