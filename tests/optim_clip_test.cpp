#include <limits>

#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/optim/adam.h>
#include <gradus/optim/clip.h>

#include "catch.h"

namespace gradus::optim_clip_test {

using namespace gradus::optim;
using Catch::Matchers::ContainsSubstring;

namespace {

Tensor with_gradient(const std::vector<float>& g) {
  Tensor p = Tensor::zeros({std::ssize(g)}).set_requires_grad();
  p.set_grad(Tensor::from(g, p.shape()));
  return p;
}

}  // namespace

TEST_CASE("the norm covers all gradients as one vector") {
  const Tensor none = Tensor::zeros({2}).set_requires_grad();
  const std::vector<Tensor> ps = {with_gradient({3, 0}), none, with_gradient({4}), with_gradient({})};
  CHECK(grad_norm(ps) == 5);
  CHECK(grad_norm({none}) == 0);
  CHECK(grad_norm({with_gradient({3e30F, -4e30F})}) == Approx(5e30));
}

TEST_CASE("gradients longer than max_norm are scaled to it, shorter ones do not change") {
  const std::vector<Tensor> ps = {with_gradient({3, 0}), with_gradient({4})};
  const Clip asked = clip_scale(ps, 1);
  CHECK(asked.norm == 5);
  CHECK(asked.scale == 1 / (5 + 1e-6));
  CHECK(grad_norm(ps) == 5);
  CHECK(clip_grad_norm(ps, 10).scale == 1);
  CHECK(grad_norm(ps) == 5);
  CHECK(clip_grad_norm(ps, 1).norm == 5);
  CHECK(ps[0].grad().data<float>()[0] == Approx(0.6));
  CHECK(ps[1].grad().data<float>()[0] == Approx(0.8));
  CHECK(clip_scale(ps, std::numeric_limits<double>::infinity()).scale == 1);
}

TEST_CASE("a norm that is not finite is returned, changes no gradient, and the step refuses it") {
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    Tensor p = with_gradient({1, bad, 2});
    const Clip clip = clip_grad_norm({p}, 0.5);
    CHECK_FALSE(clip.finite());
    CHECK(p.grad().data<float>()[2] == 2);
    Adam adam({p});
    CHECK_THROWS_WITH(adam.step(0.1, clip.scale), ContainsSubstring("skip the step"));
    CHECK(p.to_vector<float>() == std::vector<float>{0, 0, 0});
  }
}

TEST_CASE("the norm has the same bits at any number of threads, for flat and for separate gradients") {
  const std::vector<Index> sizes = {7, 100000, 33, 16384, 50001};
  const Tensor block = Tensor::normal({200000}, 0, 1, Philox(3, 0));
  std::vector<Tensor> flat, separate;
  Index at = 0;
  for (Index n : sizes) {
    flat.push_back(Tensor::zeros({n}).set_requires_grad());
    flat.back().set_grad(block.alias({n}, at));
    separate.push_back(with_gradient(flat.back().grad().to_vector<float>()));
    at += (n + 15) / 16 * 16;
  }
  set_threads(1);
  const double alone = grad_norm(flat);
  double sum = 0;
  for (const Tensor& p : separate)
    for (double v : p.grad().to_vector<float>()) sum += v * v;
  CHECK(alone == Approx(std::sqrt(sum)).epsilon(1e-12));
  for (int n : {1, 2, 3, 8}) {
    set_threads(n);
    CHECK(grad_norm(flat) == alone);
    CHECK(grad_norm(separate) == alone);
  }
  set_threads(0);
}

TEST_CASE("clipping by value moves each element into the range and keeps NaN") {
  const Tensor p = with_gradient({-3, -0.5F, 0.25F, 7, NAN, INFINITY});
  clip_grad_value({p}, 0.5);
  const std::vector<float> g = p.grad().to_vector<float>();
  CHECK(std::vector<float>(g.begin(), g.begin() + 4) == std::vector<float>{-0.5F, -0.5F, 0.25F, 0.5F});
  CHECK(std::isnan(g[4]));
  CHECK(g[5] == 0.5F);
}

TEST_CASE("a gradient shared by two leaves is clipped once") {
  const Tensor a = with_gradient({6}), b = Tensor::zeros({1}).set_requires_grad();
  Tensor(b).set_grad(a.grad());
  const double norm = grad_norm({a, b});
  CHECK(norm == Approx(std::sqrt(72.0)));
  CHECK(clip_grad_norm({a, b}, norm / 2).scale == Approx(0.5));
  CHECK(a.grad().item() == Approx(3));
}

TEST_CASE("bad limits are refused with their value") {
  const std::vector<Tensor> ps = {with_gradient({1})};
  CHECK_THROWS_WITH(clip_scale(ps, 0), ContainsSubstring("clip_scale: max_norm is 0, expected more than 0"));
  CHECK_THROWS_WITH(clip_grad_norm(ps, NAN), ContainsSubstring("clip_grad_norm: max_norm is nan"));
  CHECK_THROWS_WITH(clip_grad_value(ps, -1), ContainsSubstring("clip_grad_value: limit is -1"));
}

TEST_CASE("a parameter that is listed twice is refused, and its gradient does not change") {
  const Tensor p = with_gradient({3, 4});
  const std::vector<Tensor> twice = {p, with_gradient({1}), p};
  CHECK_THROWS_WITH(grad_norm(twice), ContainsSubstring("grad_norm: ") && ContainsSubstring("share memory"));
  CHECK_THROWS_WITH(clip_scale(twice, 1), ContainsSubstring("clip_scale: "));
  CHECK_THROWS_WITH(clip_grad_norm(twice, 1), ContainsSubstring("clip_grad_norm: "));
  CHECK_THROWS_WITH(clip_grad_value(twice, 1), ContainsSubstring("list a shared parameter once"));
  CHECK(p.grad().to_vector<float>() == std::vector<float>{3, 4});
}

}  // namespace gradus::optim_clip_test
