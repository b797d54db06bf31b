#include <gradus/autograd/ops/convolution.h>

#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_convolution(Rows& t) {
  const std::string op = "conv2d(Tensor, Tensor, Tensor, Integer, Integer)";
  const Tensor image = random({2, 2, 4, 3}), kernel = random({3, 2, 2, 2}, {-1, 1}, 1), bias = random({3}, {-1, 1}, 2);
  t.add(op, "", {image, kernel, bias}, [](auto& in) { return conv2d(in[0], in[1], in[2]); });
  t.add(op, "stride, padding, no bias", {image, kernel}, [](auto& in) { return conv2d(in[0], in[1], {}, 2, 1); });
  t.add(op, "a kernel as large as the image", {random({2, 1, 2, 3}), random({2, 1, 2, 3}, {-1, 1}, 1)},
        [](auto& in) { return conv2d(in[0], in[1], {}); });
  t.shaped("unfold(Tensor, Integer, Integer, Integer, Integer)", "", {1, 2, 3, 3},
           [](auto& x) { return unfold(x, 2, 2, 1, 1); });
  t.shaped("fold(Tensor, Shape, Integer, Integer, Integer, Integer)", "", {1, 4, 4}, [](auto& x) {
    return fold(x, {1, 1, 3, 3}, 2, 2, 1, 0);
  });
}

}  // namespace gradus::checks
