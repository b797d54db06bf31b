#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/ops/copying.h>
#include <gradus/autograd/ops/indexing.h>
#include <gradus/checks/model_check.h>

#include "catch.h"
#include "models_variants.h"
#include "scaled.h"

namespace gradus::checks_model_test {

TEST_CASE("every model has right gradients in every setting of its switches, with padding and dropout") {
  GradcheckOptions wanted = checks::model_options();
  wanted.full_jacobian = scaled(wanted.full_jacobian);
  wanted.directions = scaled(wanted.directions);
  for (models::Seq2SeqOptions options : shared(models::all_variants(), 0)) {
    options.dropout = 0.2;
    const models::Built built(options);
    const GradcheckReport report = checks::check_model(
        *built.model, built.store, checks::random_pairs(options.source_vocab, options.target_vocab, 1), 0.1, wanted);
    INFO(models::describe(options) << "\n" << to_string(report));
    CHECK(report.passed());
  }
}

TEST_CASE("a copy of a model in f64 gives the values of the original in f32") {
  models::Seq2SeqOptions options = models::all_variants().back();
  const models::Built built(options, DType::f32);
  const checks::Doubled twice = checks::doubled(built.store, options);
  const Tensor source = models::random_ids({4, 2}, options.source_vocab, 1),
               target = models::random_ids({3, 3}, options.target_vocab, 2);
  const NoGrad guard;
  CHECK(models::largest_difference(to(built.model->logits(source, target), DType::f64),
                                   twice.model->logits(source, target)) < 1e-5);
}

TEST_CASE("a wrong gradient in a model fails the check, and the report names the parameter") {
  struct Wrong : models::Seq2Seq {
    Tensor weight;  // [vocabulary, vocabulary]
    explicit Wrong(nn::Scope scope) : weight(scope.uniform("weight", {6, 6})) {}
    models::State encode(const Tensor&) const override { return {}; }
    models::Step step(const Tensor& word, const models::State& state) const override {
      models::Step step;
      step.logits = record("wrong", embedding(weight.detach(), word), {weight},
                           [w = weight](const Tensor&) { return Grads{Tensor::ones(w.shape(), w.dtype())}; });
      step.state = state;
      return step;
    }
  };
  nn::ParameterStore store(1, DType::f64);
  const Wrong model(store.root() / "output");
  const GradcheckReport report = checks::check_model(model, store, checks::random_pairs(6, 6, 1), 0, {});
  CHECK(report.verdict == Verdict::fail);
  CHECK(report.inputs.at(0).name == "output.weight");
}

}  // namespace gradus::checks_model_test
