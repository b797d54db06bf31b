#include <cmath>
#include <functional>
#include <limits>
#include <memory>

#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/optim/adagrad.h>
#include <gradus/optim/adam.h>
#include <gradus/optim/clip.h>
#include <gradus/optim/lion.h>
#include <gradus/optim/optimizer.h>
#include <gradus/optim/rmsprop.h>
#include <gradus/optim/sgd.h>

#include "catch.h"

namespace gradus::optim_optimizer_test {

using namespace gradus::optim;
using Catch::Matchers::ContainsSubstring;

namespace {

using Make = std::function<std::unique_ptr<Optimizer>(const std::vector<Tensor>&)>;

const std::vector<std::pair<const char*, Make>> kinds = {
    {"SGD", [](const auto& ps) { return std::make_unique<SGD>(ps, SGDOptions{.weight_decay = 0.01}); }},
    {"momentum",
     [](const auto& ps) { return std::make_unique<SGD>(ps, SGDOptions{.momentum = 0.9, .dampening = 0.2}); }},
    {"Nesterov",
     [](const auto& ps) { return std::make_unique<SGD>(ps, SGDOptions{.momentum = 0.9, .nesterov = true}); }},
    {"Adam", [](const auto& ps) { return std::make_unique<Adam>(ps, AdamOptions{.weight_decay = 0.01}); }},
    {"AdamW", [](const auto& ps) { return std::make_unique<AdamW>(ps); }},
    {"AMSGrad", [](const auto& ps) { return std::make_unique<Adam>(ps, AdamOptions{.amsgrad = true}); }},
    {"RMSprop", [](const auto& ps) { return std::make_unique<RMSprop>(ps, RMSpropOptions{.weight_decay = 0.01}); }},
    {"RMSprop with momentum",
     [](const auto& ps) { return std::make_unique<RMSprop>(ps, RMSpropOptions{.momentum = 0.9, .centered = true}); }},
    {"Adagrad",
     [](const auto& ps) {
       return std::make_unique<Adagrad>(ps, AdagradOptions{.lr_decay = 0.1, .initial_accumulator_value = 0.1});
     }},
    {"Lion", [](const auto& ps) { return std::make_unique<Lion>(ps, LionOptions{.weight_decay = 0.1}); }},
    {"no eps", [](const auto& ps) { return std::make_unique<Adam>(ps, AdamOptions{.eps = 0}); }},
};

/// Parameters of the given sizes: each with storage of its own, or neighbours in one block, 64-byte aligned or without
/// gaps.
enum class Layout { separate, aligned, dense };

struct Parameters {
  std::vector<Tensor> tensors, gradients;
  Tensor block, gradient_block;

  Parameters(const std::vector<Index>& sizes, Layout layout, DType dtype = DType::f32) {
    const Index unit = layout == Layout::dense ? 1 : 64 / size_of(dtype);
    Index total = 0;
    for (Index n : sizes) total += (n + unit - 1) / unit * unit;
    block = Tensor::zeros({total}, dtype);
    gradient_block = Tensor::zeros({total}, dtype);
    Index at = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const bool separate = layout == Layout::separate;
      tensors.push_back(separate ? Tensor::zeros({sizes[i]}, dtype) : block.alias({sizes[i]}, at));
      gradients.push_back(separate ? Tensor::zeros({sizes[i]}, dtype) : gradient_block.alias({sizes[i]}, at));
      tensors[i].set_requires_grad().set_name("p" + std::to_string(i));
      copy_into(tensors[i], Tensor::normal({sizes[i]}, 0, 1, Philox(1, i), dtype));
      at += (sizes[i] + unit - 1) / unit * unit;
    }
  }

  void set_gradients(std::uint64_t step) {
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      copy_into(gradients[i], Tensor::normal(tensors[i].shape(), 0, 1, Philox(2 + step, i), tensors[i].dtype()));
      tensors[i].set_grad(gradients[i]);
    }
  }

  static void copy_into(Tensor& to, const Tensor& from) {
    dispatch_floating(to.dtype(), [&](auto zero) {
      using T = decltype(zero);
      std::copy_n(from.data<T>(), from.numel(), to.mutable_data<T>());
    });
  }

  std::string bits() const {
    std::string all;
    for (const Tensor& t : tensors) {
      dispatch_floating(t.dtype(), [&](auto zero) {
        using T = decltype(zero);
        all.append(reinterpret_cast<const char*>(t.data<T>()), static_cast<std::size_t>(t.numel()) * sizeof(T));
      });
    }
    return all;
  }
};

std::string bits_after(const Make& make, Layout layout, DType dtype, int steps = 4) {
  Parameters p({5, 17, 40001, 16, 0, 3, 70000}, layout, dtype);
  const auto optimizer = make(p.tensors);
  for (int t = 0; t < steps; ++t) {
    p.set_gradients(static_cast<std::uint64_t>(t));
    optimizer->step(0.01, clip_scale(p.tensors, 5).scale);
  }
  return p.bits();
}

Tensor small(const char* name) { return Tensor::ones({3}).set_requires_grad().set_name(name); }

}  // namespace

TEST_CASE("neighbouring and separate parameters get the same bits") {
  for (const auto& [name, make] : kinds) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      CAPTURE(name, gradus::name(dtype));
      const std::string separate = bits_after(make, Layout::separate, dtype);
      CHECK(bits_after(make, Layout::aligned, dtype) == separate);
      CHECK(bits_after(make, Layout::dense, dtype) == separate);
    }
  }
}

TEST_CASE("a step has the same bits at any number of threads") {
  for (const auto& [name, make] : kinds) {
    for (const Layout layout : {Layout::separate, Layout::aligned}) {
      CAPTURE(name);
      set_threads(1);
      const std::string alone = bits_after(make, layout, DType::f32);
      for (int n : {2, 3, 8}) {
        set_threads(n);
        CHECK(bits_after(make, layout, DType::f32) == alone);
      }
      set_threads(0);
    }
  }
}

TEST_CASE("neighbours in one block are written as one run, and their padding stays zero") {
  for (const auto& [name, make] : kinds) {
    CAPTURE(name);
    Parameters p({5, 17, 30}, Layout::aligned);
    const auto optimizer = make(p.tensors);
    p.set_gradients(0);
    const auto before = p.block.storage()->version();
    optimizer->step(0.1);
    CHECK(p.block.storage()->version() == before + (std::string(name) == "no eps" ? 3 : 1));
    for (const Index i : {5, 15, 33, 47, 78, 79}) CHECK(p.block.data<float>()[i] == 0);
  }
}

TEST_CASE("a value between two parameters does not change") {
  for (const float between : {0.0F, 7.0F}) {
    Parameters p({5, 17}, Layout::aligned);
    Adam adam(p.tensors);
    p.block.mutable_data<float>()[6] = between;
    p.set_gradients(0);
    p.gradient_block.mutable_data<float>()[6] = between == 0 ? 3.0F : 0.0F;
    adam.step(0.1);
    CHECK(p.block.data<float>()[6] == between);
  }
}

TEST_CASE("parameters that move into a block after construction continue with the same bits") {
  Parameters separate({5, 17, 300}, Layout::separate), moved({5, 17, 300}, Layout::separate),
      home({5, 17, 300}, Layout::aligned);
  Adam a(separate.tensors), b(moved.tensors);
  for (std::uint64_t t = 0; t < 4; ++t) {
    if (t == 2)
      for (std::size_t i = 0; i < 3; ++i) moved.tensors[i].move_into(home.tensors[i]);
    separate.set_gradients(t);
    moved.set_gradients(t);
    a.step(0.1);
    b.step(0.1);
  }
  CHECK(moved.bits() == separate.bits());
}

TEST_CASE("f32 and f64 parameters may be mixed") {
  Parameters single({7, 20}, Layout::separate, DType::f32), twice({7, 20}, Layout::separate, DType::f64);
  Parameters single_alone = Parameters({7, 20}, Layout::separate, DType::f32);
  for (std::size_t i = 0; i < 2; ++i) twice.tensors[i].set_name("q" + std::to_string(i));
  Adam mixed({single.tensors[0], twice.tensors[0], single.tensors[1], twice.tensors[1]}), alone(single_alone.tensors);
  for (std::uint64_t t = 0; t < 3; ++t) {
    single.set_gradients(t);
    twice.set_gradients(t);
    single_alone.set_gradients(t);
    mixed.step(0.1);
    alone.step(0.1);
  }
  CHECK(single.bits() == single_alone.bits());
  for (Index i = 0; i < 20; ++i)
    CHECK(twice.tensors[1].data<double>()[i] == Approx(single.tensors[1].data<float>()[i]).margin(1e-5));
}

TEST_CASE("a new optimiser continues from a saved state with the same bits") {
  for (const auto& [name, make] : kinds) {
    CAPTURE(name);
    Parameters through({5, 17, 300}, Layout::aligned), first({5, 17, 300}, Layout::aligned);
    const auto a = make(through.tensors), b = make(first.tensors);
    for (std::uint64_t t = 0; t < 3; ++t) {
      through.set_gradients(t);
      first.set_gradients(t);
      a->step(0.1);
      b->step(0.1);
    }
    const State saved = b->state();
    Parameters second({5, 17, 300}, Layout::separate);
    for (std::size_t i = 0; i < 3; ++i) Parameters::copy_into(second.tensors[i], first.tensors[i]);
    b->step(0.1);  // a saved state is a copy
    const auto c = make(second.tensors);
    c->load_state(saved);
    for (std::uint64_t t = 3; t < 6; ++t) {
      through.set_gradients(t);
      second.set_gradients(t);
      a->step(0.1);
      c->step(0.1);
    }
    CHECK(second.bits() == through.bits());
  }
}

TEST_CASE("the state has PyTorch's names of moments and the names of parameters") {
  Tensor named = small("encoder.weight"), unnamed = Tensor::ones({2, 2}).set_requires_grad();
  Adam adam({named, unnamed}, {.amsgrad = true});
  named.set_grad(Tensor::full({3}, 2));
  adam.step(0.1);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : adam.state()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"exp_avg/1", "exp_avg/encoder.weight", "exp_avg_sq/1",
                                          "exp_avg_sq/encoder.weight", "max_exp_avg_sq/1",
                                          "max_exp_avg_sq/encoder.weight", "step/1", "step/encoder.weight"});
  CHECK(adam.state()["exp_avg/encoder.weight"].data<float>()[2] == Approx(0.2));
  CHECK(adam.state()["exp_avg/1"].shape() == Shape{2, 2});
  CHECK(adam.state()["step/encoder.weight"].item() == 1);
  CHECK(adam.state()["step/1"].item() == 0);
}

TEST_CASE("RMSprop, Adagrad and Lion have PyTorch's names of moments") {
  const auto names = [](const Optimizer& optimizer) {
    std::vector<std::string> found;
    for (const auto& [name, tensor] : optimizer.state()) found.push_back(name);
    return found;
  };
  using Names = std::vector<std::string>;
  CHECK(names(RMSprop({small("w")})) == Names{"square_avg/w", "step/w"});
  CHECK(names(RMSprop({small("w")}, {.momentum = 0.9, .centered = true})) ==
        Names{"grad_avg/w", "momentum_buffer/w", "square_avg/w", "step/w"});
  CHECK(names(Adagrad({small("w")})) == Names{"step/w", "sum/w"});
  CHECK(names(Lion({small("w")})) == Names{"exp_avg/w", "step/w"});
}

TEST_CASE("centered RMSprop stays finite when the gradient is constant") {
  Tensor w = small("w");
  RMSprop optimizer({w}, {.alpha = 0.5, .centered = true});
  for (int t = 0; t < 200; ++t) {
    w.set_grad(Tensor::full({3}, 0.3));
    optimizer.step(1e-9);
    REQUIRE(std::isfinite(w.data<float>()[0]));
  }
}

TEST_CASE("Lion does not move without a gradient and a mean, and keeps NaN") {
  Tensor w = small("w");
  Lion lion({w});
  w.set_grad(Tensor::from(std::vector<float>{0, 2, NAN}, {3}));
  lion.step(0.1);
  CHECK(w.data<float>()[0] == 1);
  CHECK(w.data<float>()[1] == Approx(0.9));
  CHECK(std::isnan(w.data<float>()[2]));
}

TEST_CASE("a state that does not match is refused and changes nothing") {
  Tensor w = small("w");
  Adam adam({w});
  w.set_grad(Tensor::ones({3}));
  adam.step(0.1);
  const State good = adam.state();
  auto refuses = [&](const State& bad, const std::string& why) {
    CHECK_THROWS_WITH(adam.load_state(bad), ContainsSubstring(why));
    CHECK(adam.state()["step/w"].item() == 1);
    CHECK(adam.state()["exp_avg/w"].to_vector<float>() == good.at("exp_avg/w").to_vector<float>());
  };
  State bad = good;
  bad.erase("exp_avg_sq/w");
  refuses(bad, "'exp_avg_sq/w'");
  bad = good;
  bad["exp_avg/v"] = Tensor::ones({3});
  refuses(bad, "'exp_avg/v'");
  bad = good;
  bad["exp_avg_sq/w"] = Tensor::ones({4});
  refuses(bad, "'exp_avg_sq/w' in the state is f32 [4], expected f32 [3]");
  bad = good;
  bad["exp_avg_sq/w"] = Tensor::ones({3}, DType::f64);
  refuses(bad, "expected f32 [3]");
  bad = good;
  bad["step/w"] = Tensor::from(std::vector<Index>{-1}, {});
  refuses(bad, "step/w is -1");
  bad["step/w"] = Tensor::from(std::vector<Index>{std::numeric_limits<Index>::max()}, {});
  refuses(bad, "step/w is 9223372036854775807, expected a count from 0 to 2^53 in the state");
  Tensor v = small("w");
  refuses(SGD({v}, {.momentum = 0.9}).state(), "'exp_avg/w'");
}

TEST_CASE("a step increments the version of each parameter") {
  Tensor w = small("w");
  w.set_grad(Tensor::ones({3}));
  const WeakStorage seen(w.storage().get());
  SGD({w}).step(0.1);
  CHECK(seen.overwritten());
  CHECK(std::string(seen.last_write().file_name()).find("optim_optimizer_test") != std::string::npos);
}

TEST_CASE("a graph built before a step refuses to run backward after it") {
  Tensor w = small("w");
  const Tensor loss = sum(w * w), later = sum(w * w);
  loss.backward();
  SGD({w}).step(0.1);
  CHECK_THROWS_AS(later.backward(), Error);
}

TEST_CASE("a step without gradients changes nothing, and zero_grad removes gradients") {
  Tensor w = small("w");
  AdamW adam({w});
  adam.step(0.1);
  CHECK(w.to_vector<float>() == std::vector<float>{1, 1, 1});
  w.set_grad(Tensor::ones({3}));
  adam.zero_grad();
  CHECK_FALSE(w.grad().defined());
}

TEST_CASE("bad options are refused with their name, value and range") {
  const std::vector<Tensor> ps = {small("w")};
  CHECK_THROWS_WITH(SGD(ps, {.momentum = -0.5}),
                    ContainsSubstring("SGD: momentum is -0.5, expected a finite number >= 0"));
  CHECK_THROWS_WITH(SGD(ps, {.dampening = NAN}), ContainsSubstring("dampening is nan"));
  CHECK_THROWS_WITH(SGD(ps, {.weight_decay = -1}), ContainsSubstring("weight_decay is -1"));
  CHECK_THROWS_WITH(SGD(ps, {.nesterov = true}),
                    ContainsSubstring("momentum is 0, expected more than 0 with nesterov"));
  CHECK_THROWS_WITH(SGD(ps, {.momentum = 0.9, .dampening = 0.1, .nesterov = true}),
                    ContainsSubstring("dampening is 0.1"));
  CHECK_THROWS_WITH(Adam(ps, {.beta1 = 1}), ContainsSubstring("Adam: beta1 is 1, expected at least 0 and less than 1"));
  CHECK_THROWS_WITH(AdamW(ps, {.beta2 = -0.1}), ContainsSubstring("AdamW: beta2 is -0.1"));
  CHECK_THROWS_WITH(Adam(ps, {.eps = -1e-8}), ContainsSubstring("eps is -1e-08"));
  CHECK_THROWS_WITH(AdamW(ps, {.weight_decay = NAN}), ContainsSubstring("weight_decay is nan"));
  CHECK_THROWS_WITH(RMSprop(ps, {.alpha = 1}),
                    ContainsSubstring("RMSprop: alpha is 1, expected at least 0 and less than 1"));
  CHECK_THROWS_WITH(RMSprop(ps, {.eps = NAN}), ContainsSubstring("eps is nan"));
  CHECK_THROWS_WITH(RMSprop(ps, {.momentum = -1}), ContainsSubstring("momentum is -1"));
  CHECK_THROWS_WITH(Adagrad(ps, {.lr_decay = -1}),
                    ContainsSubstring("Adagrad: lr_decay is -1, expected a finite number >= 0"));
  CHECK_THROWS_WITH(Adagrad(ps, {.initial_accumulator_value = -1}),
                    ContainsSubstring("initial_accumulator_value is -1"));
  CHECK_THROWS_WITH(Adagrad(ps, {.eps = -1}), ContainsSubstring("eps is -1"));
  CHECK_THROWS_WITH(Lion(ps, {.beta1 = 1}), ContainsSubstring("Lion: beta1 is 1, expected at least 0 and less than 1"));
  CHECK_THROWS_WITH(Lion(ps, {.beta2 = -1}), ContainsSubstring("beta2 is -1"));
  CHECK_THROWS_WITH(Adam(std::vector<ParameterGroup>{{ps, -1, std::nullopt}}),
                    ContainsSubstring("lr_scale of a group is -1"));
  CHECK_THROWS_WITH(Adam(std::vector<ParameterGroup>{{ps, 1, -2.0}}),
                    ContainsSubstring("weight_decay of a group is -2"));
}

TEST_CASE("parameters that cannot be optimised are refused") {
  using Parameters = std::vector<Tensor>;
  CHECK_THROWS_WITH(SGD(Parameters{}), ContainsSubstring("no parameters"));
  CHECK_THROWS_WITH(SGD(Parameters{Tensor()}), ContainsSubstring("parameter 0 is undefined"));
  CHECK_THROWS_WITH(SGD(Parameters{Tensor::arange(3)}), ContainsSubstring("expected f32 or f64"));
  CHECK_THROWS_WITH(SGD(Parameters{small("w"), small("w")}), ContainsSubstring("two parameters are called 'w'"));
  const Tensor w = small("w");
  CHECK_THROWS_WITH(SGD(Parameters{w, w.alias({2}, 1).set_name("v")}), ContainsSubstring("share memory"));
}

TEST_CASE("a bad rate or scale is refused before anything is changed") {
  Tensor w = small("w");
  w.set_grad(Tensor::ones({3}));
  Adam adam({w});
  CHECK_THROWS_WITH(adam.step(-0.1), ContainsSubstring("lr is -0.1, expected a finite number >= 0"));
  CHECK_THROWS_WITH(adam.step(std::numeric_limits<double>::infinity()), ContainsSubstring("lr is inf"));
  CHECK_THROWS_WITH(adam.step(0.1, NAN), ContainsSubstring("grad_scale is nan"));
  CHECK(w.to_vector<float>() == std::vector<float>{1, 1, 1});
  CHECK(adam.state()["step/w"].item() == 0);
}

TEST_CASE("an optimiser of one's own keeps at most three moments") {
  struct Own final : Optimizer {
    Own(const ParameterGroups& parameters, std::vector<std::string> moments)
        : Optimizer("Own", parameters, 0, std::move(moments)) {}
    void update(const Stretch& stretch) const override {
      for (Index i = 0; i < stretch.count; ++i)
        stretch.parameter<float>()[i] -= stretch.moment<float>(2)[i] += stretch.gradient<float>()[i];
    }
  };
  Tensor w = small("w");
  w.set_grad(Tensor::ones({3}));
  Own({w}, {"a", "b", "c"}).step(0.1);
  CHECK(w.to_vector<float>() == std::vector<float>{0, 0, 0});
  CHECK_THROWS_WITH(Own({w}, {"a", "b", "c", "d"}), ContainsSubstring("Own: there are 4 moments, expected at most 3"));
}

}  // namespace gradus::optim_optimizer_test
