#include <nlohmann/json.hpp>

#include <map>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/ops.h>
#include <gradus/bench/profile.h>
#include <gradus/bench/profile_json.h>
#include <gradus/bench/step.h>
#include <gradus/bench/trace.h>
#include <gradus/nn/linear.h>
#include <gradus/report/profile.h>

#include "catch.h"
#include "small_run.h"

// Profiles of training steps. No check depends on how long anything takes.
namespace gradus::bench::bench_profile_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinRel;
using nlohmann::json;

Tensor leaf_of(const Shape& shape) { return Tensor::normal(shape, 0, 1, Philox(1, 0)).set_requires_grad(); }

// The spans of f, which returns a loss, and of its backward run.
template <class F>
std::vector<Span> spans_of(F f) {
  Profiler profiler;
  const ObserverScope scope(&profiler);
  const Tensor loss = [&] {
    const Region region("forward");
    return f();
  }();
  {
    const Region region("backward");
    backward(loss);
  }
  return profiler.spans();
}

struct Flops {
  double forward = 0, backward = 0;
  bool operator==(const Flops&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Flops& f) { return out << f.forward << " and " << f.backward; }

Flops flops_of(const std::vector<Span>& spans, const std::string& op) {
  Flops sum;
  for (const Span& s : spans)
    if (s.name == op) (s.backward ? sum.backward : sum.forward) += s.work.flops;
  return sum;
}

const std::string& layer_of(const std::vector<Span>& spans, const std::string& op, bool in_backward) {
  for (const Span& s : spans)
    if (s.name == op && s.backward == in_backward) return s.layer;
  FAIL("there is no span of " << op);
  return spans.front().layer;
}

// Two spans of a thread are apart, or one is inside the other.
void check_nesting(std::vector<std::pair<double, double>> spans) {
  std::stable_sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second > b.second;
  });
  std::vector<double> open;
  for (const auto& [start, end] : spans) {
    CHECK(start <= end);
    while (!open.empty() && open.back() <= start) open.pop_back();
    CHECK((open.empty() || end <= open.back()));
    open.push_back(end);
  }
}

}  // namespace

TEST_CASE("a product counts two operations per multiply-add, forward and for each gradient") {
  const Tensor x = leaf_of({5, 4}), w = leaf_of({3, 4}), b = leaf_of({3});
  CHECK(flops_of(spans_of([&] { return sum(linear(x, w, b)); }), "linear") == Flops{120, 240});
  const Tensor ids = Tensor::zeros({5, 4});
  CHECK(flops_of(spans_of([&] { return sum(linear(ids, w)); }), "linear") == Flops{120, 120});

  const Tensor left = leaf_of({2, 5, 4}), right = leaf_of({2, 4, 3}), matrix = leaf_of({4, 3});
  CHECK(flops_of(spans_of([&] { return sum(matmul(left, right)); }), "matmul") == Flops{240, 480});
  CHECK(flops_of(spans_of([&] { return sum(matmul(left, matrix)); }), "matmul") == Flops{240, 480});

  const Tensor q = leaf_of({2, 3, 8}), k = leaf_of({2, 5, 8}), v = leaf_of({2, 5, 4});
  CHECK(flops_of(spans_of([&] { return sum(attention(q, k, v, 2)); }), "attention") == Flops{720, 1800});

  const Tensor image = leaf_of({1, 2, 5, 5}), kernel = leaf_of({3, 2, 3, 3}), back = leaf_of({2, 3, 3, 3});
  CHECK(flops_of(spans_of([&] { return sum(conv2d(image, kernel)); }), "conv2d") == Flops{972, 1944});
  CHECK(flops_of(spans_of([&] { return sum(conv_transpose2d(image, back)); }), "conv_transpose2d") ==
        Flops{2.0 * 50 * 27, 4.0 * 50 * 27});
}

TEST_CASE("other ops count elements, and ops that move values count nothing") {
  const Tensor x = leaf_of({3, 4});
  const std::vector<Span> spans = spans_of([&] { return sum(reshape(tanh(transpose(x)), {12})); });
  CHECK(flops_of(spans, "tanh") == Flops{12, 12});
  CHECK(flops_of(spans, "sum").forward == 12);
  CHECK(flops_of(spans, "permute") == Flops{0, 0});
  for (const Span& s : spans) {
    if (s.name == "tanh" && !s.backward) CHECK(s.work.bytes == 2 * 12 * 4);
    if (s.name == "reshape" && !s.backward) CHECK(s.work.bytes == 0);  // a view
  }
}

TEST_CASE("ops have the path of their layer forward and backward, and spans nest") {
  nn::ParameterStore store(1);
  const nn::Linear first(store.root() / "first", 3, 4), second(store.root() / "second", 4, 2);
  const Tensor x = leaf_of({5, 3});
  const std::vector<Span> spans = spans_of([&] {
    const Tensor h = tanh(first(x));
    return sum(checkpoint([&](const std::vector<Tensor>& in) { return exp(second(in[0])); }, {h}));
  });
  CHECK(layer_of(spans, "linear", false) == "first");
  CHECK(layer_of(spans, "tanh", false).empty());
  CHECK(layer_of(spans, "tanh", true).empty());
  std::map<std::string, double> backward_products;  // by layer; that of "second" also runs forward again
  std::vector<std::pair<double, double>> times;
  std::int64_t own = 0, whole = 0;
  for (const Span& s : spans) {
    times.emplace_back(s.start, s.end);
    CHECK(s.own >= 0);
    if (s.kind != Span::Kind::region) own += s.own;
    if (s.depth == 0) whole += s.end - s.start;
    if (s.name == "linear" && s.backward) backward_products[s.layer] += s.work.flops;
  }
  check_nesting(times);
  CHECK(own <= whole);
  CHECK(backward_products == std::map<std::string, double>{{"first", 2 * 120}, {"second", 3 * 80}});
}

TEST_CASE("a step is the sum of its ops, the clipping, the update and the rest") {
  const train::Trained t(train::small({{"train.shards", "2"}, {"model.name", "transformer"}, {"model.dropout", "0"}}));
  StepSetup setup;
  setup.run = t.config;
  setup.vocabulary = 6;
  setup.source = 4;
  setup.target = 3;
  const train::PairBatch batch(*t.run.model, t.config.train, draw_batch(setup, setup.source, setup.target, 0));
  const Profile p = profile(t.run, batch, 1, {.flops = 1e11, .bytes = 1e10});
  double by_op = 0, by_layer = 0, flops = 0, flops_by_layer = 0;
  for (const ProfileRow& row : p.ops) {
    by_op += row.both().seconds;
    flops += row.both().work.flops;
  }
  for (const ProfileRow& row : p.layers) {
    by_layer += row.both().seconds;
    flops_by_layer += row.both().work.flops;
    if (row.name == "loss") CHECK((row.forward.calls > 0 && row.backward.calls > 0));
  }
  CHECK_THAT(by_op, WithinRel(by_layer, 1e-9));
  CHECK(flops == flops_by_layer);
  CHECK_THAT(by_op + p.outside + p.clip + p.update, WithinRel(p.step_seconds, 1e-9));
  CHECK(p.peak_bytes > 0);
  CHECK_FALSE(p.peak_op.empty());
  CHECK(p.shards == 2);

  // The products of the forward pass are those that the model's row in the registry counts.
  double products = 0;
  for (const ProfileRow& row : p.ops)
    if (row.name == "linear" || row.name == "attention" || row.name == "matmul") products += row.forward.work.flops;
  CHECK(products == 2 * cost_of(setup).multiply_adds);

  const std::vector<ProfileRow> short_paths = shortened(p.layers, 1);
  const auto has = [&](const std::string& name) {
    return std::count_if(short_paths.begin(), short_paths.end(), [&](const auto& row) { return row.name == name; });
  };
  CHECK((has("encoder") == 1 && has("decoder") == 1 && has("output") == 1));
  CHECK(shortened("encoder.layers.0", 2) == "encoder.layers");
  CHECK(shortened("encoder", 2) == "encoder");
  CHECK(shortened("encoder.layers", 0) == "encoder.layers");

  const json text = json::parse(profile_json(p));
  CHECK(text["model"] == "transformer");
  CHECK(text["ops"].size() == p.ops.size());
  CHECK(text["layers"][0]["forward"]["calls"] == p.layers[0].forward.calls);
  const report::RunProfile read = report::read_profile(profile_json(p), "profile.json");
  CHECK(json::parse(report::profile_json(read))["layers"][0]["forward"] == text["layers"][0]["forward"]);
  CHECK(read.ops.size() == p.ops.size());
  CHECK(read.ops[0].backward.at("flops") == text["ops"][0]["backward"]["flops"]);
  CHECK(read.numbers.at("step_ms") == text["step_ms"]);
  CHECK(read.numbers.at("gflops") == 100);

  std::map<int, std::vector<std::pair<double, double>>> threads;
  std::map<std::string, int> names;
  const json trace = json::parse(trace_json(p, "a \"name\""));
  for (const json& event : trace["traceEvents"]) {
    CHECK(event["pid"] == 1);
    if (event["ph"] != "X") continue;
    const double start = event["ts"], duration = event["dur"];
    CHECK((start >= 0 && duration >= 0));
    // Times have three decimals.
    threads[event["tid"]].emplace_back(std::round(1000 * start), std::round(1000 * (start + duration)));
    ++names[event["name"]];
  }
  CHECK(threads.size() == 3);  // of the step, and of two shards
  for (const auto& [thread, events] : threads) check_nesting(events);
  CHECK((names["forward"] == 2 && names["backward"] == 2 && names["clip"] == 1 && names["update"] == 1));
  CHECK(names["encoder.layers.0.self_attn"] >= 4);  // forward and backward of both shards
}

TEST_CASE("observers change no bits of a step, and there is one per shard") {
  const auto parameters_after = [](bool observed) {
    train::Trained t(train::small({{"train.shards", "2"}}));
    train::TrainingStep step(*t.run.model, *t.run.store, t.config.train);
    std::vector<Profiler> profilers(3);
    if (observed) step.observe({&profilers[0], &profilers[1], &profilers[2]});
    const data::Batch batch = data::make_batch(t.dataset.train, {0, 1, 2, 3, 4});
    for (Index i = 0; i < 2; ++i) step.run(batch, i, 0.01);
    CHECK(profilers[0].spans().empty() != observed);
    CHECK_THROWS_WITH(step.observe({&profilers[0]}), ContainsSubstring("got 1 observers; expected one for each of its "
                                                                       "2 shards, and one"));
    return t.run.store->block().to_vector<float>();
  };
  CHECK(parameters_after(true) == parameters_after(false));
}

TEST_CASE("a profile of a run that is no profile is refused, and unknown names are ignored") {
  const report::RunProfile read = report::read_profile(
      R"({"step_ms":2,"more":[{"ms":1}],"ops":[{"name":"a","forward":{"ms":1.5,"x":2},"other":{"ms":3}},7,true]})",
      "p");
  REQUIRE(read.ops.size() == 1);
  CHECK(read.ops[0].name == "a");
  CHECK(read.ops[0].forward == std::map<std::string, double>{{"ms", 1.5}});
  CHECK(read.ops[0].backward.empty());
  CHECK(read.layers.empty());
  CHECK_THROWS_WITH(report::read_profile("{\"step_ms\":2,}", "p"), ContainsSubstring("p, byte 14: not JSON"));
  CHECK_THROWS_WITH(report::read_profile("{\"ops\":[]}", "p"), ContainsSubstring("p has no step_ms"));
}

}  // namespace gradus::bench::bench_profile_test
