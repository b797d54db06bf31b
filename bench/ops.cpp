#include <gradus/bench/ops.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <type_traits>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/engine/observer.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/bench/every_op.h>
#include <gradus/bench/machine.h>
#include <gradus/bench/products.h>
#include <gradus/bench/profiler.h>
#include <gradus/bench/samples.h>
#include <gradus/bench/traffic.h>
#include <gradus/nn/parameters.h>
#include <gradus/optim/adam.h>
#include <gradus/optim/clip.h>

namespace gradus::bench {
namespace {

using Lines = std::function<void(const std::string&)>;

constexpr Index sizes[] = {1024, 65536, 4194304};
constexpr Index adam_size = 10000000;

Tensor normal(const Shape& shape, std::uint64_t stream) { return Tensor::normal(shape, 0, 1, Philox(1, stream)); }

// The other operands of an op.
struct Operands {
  Tensor other;              // of the input's shape
  Tensor bias, ones, zeros;  // [512]
  Tensor target;             // ids below 1024, one per row
};

struct Op {
  const char* name;
  Index row;  // length of the last axis; 0: there is only one axis
  Tensor (*f)(const Tensor& x, const Operands& o);
  Pattern forward, backward;  // the least traffic
};

// The same ops, sizes and least traffic as in libtorch's benchmark, for comparison line by line.
const Op ops[] = {
    {"add", 0, [](const Tensor& x, const Operands& o) { return x + o.other; }, Pattern::add, Pattern::copy},
    {"mul", 0, [](const Tensor& x, const Operands& o) { return x * o.other; }, Pattern::add, Pattern::add},
    {"tanh", 0, [](const Tensor& x, const Operands&) { return tanh(x); }, Pattern::copy, Pattern::add},
    {"exp", 0, [](const Tensor& x, const Operands&) { return exp(x); }, Pattern::copy, Pattern::add},
    {"sigmoid", 0, [](const Tensor& x, const Operands&) { return sigmoid(x); }, Pattern::copy, Pattern::add},
    {"relu", 0, [](const Tensor& x, const Operands&) { return relu(x); }, Pattern::copy, Pattern::add},
    {"gelu", 0, [](const Tensor& x, const Operands&) { return gelu(x); }, Pattern::copy, Pattern::add},
    {"gelu_tanh", 0, [](const Tensor& x, const Operands&) { return gelu(x, Gelu::tanh); }, Pattern::copy, Pattern::add},
    {"softmax1024", 1024, [](const Tensor& x, const Operands&) { return softmax(x, -1); }, Pattern::copy, Pattern::add},
    {"layer_norm512", 512, [](const Tensor& x, const Operands& o) { return layer_norm(x, o.ones, o.zeros); },
     Pattern::copy, Pattern::add},
    {"cross_entropy1024", 1024, [](const Tensor& x, const Operands& o) { return cross_entropy(x, o.target); },
     Pattern::read, Pattern::copy},
    {"sum", 0, [](const Tensor& x, const Operands&) { return sum(x); }, Pattern::read, Pattern::write},
    {"sum_last512", 512, [](const Tensor& x, const Operands&) { return sum(x, {-1}); }, Pattern::read, Pattern::write},
    {"sum_first512", 512, [](const Tensor& x, const Operands&) { return sum(x, {0}); }, Pattern::read, Pattern::write},
    {"add_bias512", 512, [](const Tensor& x, const Operands& o) { return x + o.bias; }, Pattern::copy, Pattern::copy},
};

Operands operands(const Op& op, const Shape& shape) {
  Operands o{.other = normal(shape, 2),
             .bias = normal({512}, 3),
             .ones = Tensor::ones({512}),
             .zeros = Tensor::zeros({512}),
             .target = {}};
  if (op.row) {
    std::vector<Index> ids(static_cast<std::size_t>(shape[0]));
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<Index>(Philox(1, 4).below(i, 1024));
    o.target = Tensor::from(ids, {shape[0]});
  }
  return o;
}

double gb_per_second(double bytes, double seconds) { return 1e-9 * bytes / seconds; }

void measure_op(const Op& op, Traffic& traffic, Index n, double seconds, const Lines& line) {
  const Shape shape = op.row ? Shape{n / op.row, op.row} : Shape{n};
  const Operands o = operands(op, shape);
  const Tensor x = normal(shape, 1);
  Tensor leaf = clone(x).set_requires_grad();
  const Tensor seed = Tensor::ones(op.f(x, o).shape());
  const auto forward = [&] {
    const NoGrad off;
    op.f(x, o);
  };
  const auto both = [&] {
    leaf.zero_grad();
    backward(op.f(leaf, o), {.seed = seed});
  };
  const auto forward_traffic = [&] { traffic.run(op.forward); };
  const auto both_traffic = [&] {
    traffic.run(op.forward);
    traffic.run(op.backward, true);
  };
  const auto times = time_in_turn({{forward}, {both}, {forward_traffic}, {both_traffic}}, seconds);
  const double f = times[0].median(), b = times[1].median();
  const auto elements = static_cast<double>(n);
  line(fmt::format("{:<18} {:>8} {:>3} {:>11.3f} {:>8.2f} {:>11.3f} {:>8.2f} {:>6.1f} {:>6.1f}", op.name, n, threads(),
                   1e6 * f, gb_per_second(elements * bytes(op.forward), f), 1e6 * b,
                   gb_per_second(elements * (bytes(op.forward) + bytes(op.backward)), b), 100 * times[2].median() / f,
                   100 * times[3].median() / b));
}

constexpr Index every_size[] = {65536, 4194304};

double flops_of(const Profiler& profiler) {
  double flops = 0;
  for (const Span& span : profiler.spans()) flops += span.work.flops;
  return flops;
}

// The time of an op at the speed of the machine, with each operand, result and gradient read or written once.
struct Roofline {
  double forward = 0, both = 0;  // seconds; both: forward and backward
};
Roofline roofline(const EveryOp& op, const std::vector<Tensor>& in, double bandwidth, double peak) {
  const auto seconds = [&](double bytes, double flops) { return std::max(bytes / bandwidth, flops / peak) * 1e-9; };
  Profiler profiler;
  double bytes = 0, flops = 0;
  Tensor y;
  {
    const ObserverScope watching(&profiler);
    y = op.f(in);
    flops = flops_of(profiler);
  }
  const bool is_view = std::any_of(in.begin(), in.end(), [&](const Tensor& t) { return t.storage() == y.storage(); });
  if (!is_view) {
    bytes = bytes_of(y);
    for (const Tensor& t : in) bytes += bytes_of(t);
  }
  Roofline times{.forward = seconds(bytes, flops)};
  if (!y.requires_grad()) return times;
  {
    const ObserverScope watching(&profiler);
    backward(y, {.seed = Tensor::ones(y.shape())});
  }
  bytes += bytes_of(y);
  for (const Tensor& t : in)
    if (t.requires_grad()) bytes += bytes_of(t);
  times.both = seconds(bytes, flops_of(profiler));
  return times;
}

void measure_every(const EveryOp& op, const Traffic& traffic, double peak, Index n, double seconds, const Lines& line) {
  const std::vector<Tensor> in = op.operands(n);
  const Roofline least = roofline(op, in, traffic.bandwidth(Pattern::copy), peak);
  const Tensor y = op.f(in);
  const auto forward = [&] {
    const NoGrad off;
    op.f(in);
  };
  std::vector<Timed> timed{{forward}};
  if (y.requires_grad()) {
    timed.push_back({[&, seed = Tensor::ones(y.shape())] {
      for (Tensor t : in)
        if (t.requires_grad()) t.zero_grad();
      backward(op.f(in), {.seed = seed});
    }});
  }
  const auto times = time_in_turn(timed, seconds);
  const auto columns = [](double best, double time) {
    return fmt::format("{:>11.3f} {:>8}", 1e6 * time, best > 0 ? fmt::format("{:.1f}", 100 * best / time) : "-");
  };
  line(fmt::format("{:<34} {:>8} {:>3} {} {}", op.name, n, threads(), columns(least.forward, times[0].median()),
                   times.size() > 1 ? columns(least.both, times[1].median()) : fmt::format("{:>11} {:>8}", "-", "-")));
}

const char* const updates[] = {"adam_step", "clip_scale", "clip_adam"};

void measure_updates(Traffic& traffic, const std::vector<const char*>& names, double seconds, const Lines& line) {
  nn::ParameterStore store(1);
  const nn::Scope root = store.root();
  for (Index i = 0; i < 10; ++i) root.uniform("weight" + std::to_string(i), {1000, 1000});
  store.flatten();
  const std::vector<Tensor> parameters = store.trainable();
  const std::vector<Tensor> gradients = store.slices_of(normal(store.block().shape(), 5));
  for (std::size_t i = 0; i < parameters.size(); ++i) Tensor(parameters[i]).set_grad(gradients[i]);
  optim::Adam adam(parameters);
  constexpr double lr = 1e-3, longest = 1;
  struct Update {
    std::function<void()> run;
    std::vector<Pattern> least;
  };
  const std::map<std::string, Update> all = {
      {"adam_step", {[&] { adam.step(lr, 0.5); }, {Pattern::update}}},
      {"clip_scale", {[&] { static_cast<void>(optim::clip_scale(parameters, longest)); }, {Pattern::read}}},
      {"clip_adam",
       {[&] {
          const optim::Clip clip = optim::clip_scale(parameters, longest);
          adam.step(lr, clip.scale);
        },
        {Pattern::read, Pattern::update}}},
  };
  for (const char* name : names) {
    const Update& update = all.at(name);
    const auto least = [&] {
      for (const Pattern p : update.least) traffic.run(p);
    };
    const auto times = time_in_turn({{update.run}, {least}}, seconds);
    double per_element = 0;
    for (const Pattern p : update.least) per_element += bytes(p);
    const double t = times[0].median();
    line(fmt::format("{:<18} {:>8} {:>3} {:>11.3f} {:>8.2f} {:>11} {:>8} {:>6.1f} {:>6}", name, adam_size, threads(),
                     1e6 * t, gb_per_second(per_element * static_cast<double>(adam_size), t), "-", "-",
                     100 * times[1].median() / t, "-"));
  }
}

void print_traffic(const Traffic& traffic, Index n, Pattern p, const Lines& line) {
  line(fmt::format("bandwidth {:<8} {:>8} {:>3} {:>8.2f}  {}", name(p), n, threads(), traffic.bandwidth(p),
                   traffic.way(p)));
}

constexpr const char* chain_name = "dispatch_chain1000";
constexpr Index chain = 1000, many = 100;

void measure_chain(double seconds, const Lines& line) {
  const Tensor one = Tensor::ones({1}), x = Tensor::ones({1});
  Tensor leaf = Tensor::ones({1}).set_requires_grad();
  const auto add_up = [&](const Tensor& start) {
    Tensor y = start;
    for (Index i = 0; i < chain; ++i) y = y + one;
    return y;
  };
  const auto times = time_in_turn({{[&] {
                                     const NoGrad off;
                                     add_up(x);
                                   }},
                                   {[&] { add_up(leaf); }},
                                   {[&] {
                                     leaf.zero_grad();
                                     backward(add_up(leaf));
                                   }}},
                                  seconds);
  const auto each = [&](std::size_t i) { return 1e9 * times[i].median() / static_cast<double>(chain); };
  line(fmt::format("{} threads={} fwd_nograd_ns_per_op={:.0f} fwd_grad_ns_per_op={:.0f} fwdbwd_ns_per_op={:.0f}",
                   chain_name, threads(), each(0), each(1), each(2)));
}

struct SmallOp {
  const char* name;
  Tensor (*f)(const Tensor& x, const Tensor& m);  // [4, 4] both
};
const SmallOp small_ops[] = {
    {"dispatch_tanh4x4", [](const Tensor& x, const Tensor&) { return tanh(x); }},
    {"dispatch_view", [](const Tensor& x, const Tensor&) { return reshape(x, {16}); }},
    {"dispatch_mm4x4", [](const Tensor& x, const Tensor& m) { return matmul(x, m); }},
    {"dispatch_linear4x4", [](const Tensor& x, const Tensor& m) { return linear(x, m); }},
    {"dispatch_cat4x4",
     [](const Tensor& x, const Tensor& m) {
       return concat({x, m}, 1);
     }},
    {"dispatch_softmax4x4", [](const Tensor& x, const Tensor&) { return softmax(x, 1); }},
};

void measure_small(const SmallOp& op, double seconds, const Lines& line) {
  const Tensor m = normal({4, 4}, 2);
  const Tensor leaf = normal({4, 4}, 1).set_requires_grad();
  const auto calls = [&] {
    for (Index i = 0; i < many; ++i) op.f(leaf, m);
  };
  const auto without_graph = [&] {
    const NoGrad off;
    calls();
  };
  const auto times = time_in_turn({{without_graph}, {calls}}, seconds);
  const auto each = [&](std::size_t i) { return 1e9 * times[i].median() / static_cast<double>(many); };
  line(fmt::format("{} threads={} fwd_nograd_ns={:.0f} fwd_grad_ns={:.0f}", op.name, threads(), each(0), each(1)));
}

}  // namespace

std::vector<std::string> op_names() {
  std::vector<std::string> names;
  for (const Op& op : ops) names.emplace_back(op.name);
  names.insert(names.end(), std::begin(updates), std::end(updates));
  for (const Product& p : products()) names.push_back(name(p));
  names.emplace_back(chain_name);
  for (const SmallOp& op : small_ops) names.emplace_back(op.name);
  for (const EveryOp& op : every_op()) names.emplace_back(op.name);
  return names;
}

std::vector<std::string> op_parts() { return {"ops", "adam", "matmul", "dispatch", "every"}; }

void measure_ops(const OpsOptions& options, const Lines& line) {
  const auto selected = [&](const char* part, const auto& all, auto name_of) {
    std::vector<std::remove_cvref_t<decltype(*std::begin(all))>> some;
    if (std::find(options.parts.begin(), options.parts.end(), part) == options.parts.end()) return some;
    std::copy_if(std::begin(all), std::end(all), std::back_inserter(some),
                 [&](const auto& x) { return std::string(name_of(x)).find(options.filter) != std::string::npos; });
    return some;
  };
  const auto named = [](const auto& op) { return op.name; };
  const auto some_ops = selected("ops", ops, named);
  const auto some_updates = selected("adam", updates, [](const char* name) { return name; });
  const auto some_products = selected("matmul", products(), [](const Product& p) { return name(p); });
  const auto some_of_every = selected("every", every_op(), named);
  const bool chain_wanted =
      !selected("dispatch", std::array{chain_name}, [](const char* name) { return name; }).empty();

  line(fmt::format("core_ratio {:.2f}", core_ratio()));
  std::map<Index, Traffic> traffic;
  const auto tune = [&](Index n, std::initializer_list<Pattern> used) {
    Traffic& t = traffic.try_emplace(n, n).first->second;
    for (const Pattern p : used) {
      t.tune(p, options.seconds / 2);
      print_traffic(t, n, p, line);
    }
  };
  if (!some_ops.empty() || !some_updates.empty() || !some_of_every.empty())
    line(fmt::format("# {:<16} {:>8} {:>3} {:>8}  the fastest way", "bandwidth of", "elements", "thr", "gb_s"));
  if (!some_ops.empty())
    for (const Index n : sizes) tune(n, {Pattern::read, Pattern::write, Pattern::copy, Pattern::add});
  if (!some_updates.empty()) tune(adam_size, {Pattern::read, Pattern::update});
  double peak = 0;
  if (!some_of_every.empty()) {
    for (const Index n : every_size) tune(n, {Pattern::copy});
    peak = product_peak();
  }
  if (!some_products.empty()) line(fmt::format("product_peak {} {:.1f} gflops", threads(), product_peak()));

  if (!some_ops.empty() || !some_updates.empty()) {
    line(
        "# GB/s count the least traffic that the op needs; pct: of the bandwidth of loops with that traffic, timed in "
        "turn\n" +
        fmt::format("# {:<16} {:>8} {:>3} {:>11} {:>8} {:>11} {:>8} {:>6} {:>6}", "op", "elements", "thr", "fwd_us",
                    "fwd_gb_s", "fwdbwd_us", "fb_gb_s", "fwd_pct", "fb_pct"));
  }
  for (const Op& op : some_ops)
    for (const Index n : sizes) measure_op(op, traffic.at(n), n, options.seconds, line);
  if (!some_updates.empty()) measure_updates(traffic.at(adam_size), some_updates, options.seconds, line);
  if (!some_products.empty()) line(product_header());
  for (const Product& p : some_products) line(measure_product(p, options.seconds));
  if (chain_wanted) measure_chain(options.seconds, line);
  for (const SmallOp& op : selected("dispatch", small_ops, named)) measure_small(op, options.seconds, line);
  if (!some_of_every.empty()) {
    line(
        fmt::format("# roofline: the bandwidth of a copy, and {:.1f} GFLOP/s; pct: its time / the op's\n"
                    "# {:<32} {:>8} {:>3} {:>11} {:>8} {:>11} {:>8}",
                    peak, "every", "elements", "thr", "fwd_us", "fwd_pct", "fwdbwd_us", "fb_pct"));
  }
  for (const EveryOp& op : some_of_every)
    for (const Index n : every_size) measure_every(op, traffic.at(n), peak, n, options.seconds, line);
}

}  // namespace gradus::bench
