#include <gradus/bench/profile.h>

#include <algorithm>
#include <map>
#include <utility>

#include <gradus/autograd/foundation/internal/stopwatch.h>
#include <gradus/autograd/foundation/memory.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/bench/machine.h>
#include <gradus/bench/samples.h>
#include <gradus/bench/traffic.h>

namespace gradus::bench {
namespace {

constexpr Index warm_up = 3;
constexpr Index stream_elements = Index{1} << 23;  // beyond all caches
constexpr double stream_seconds = 0.1;

struct ObservedStep {
  double seconds = 0;
  train::TrainingStep::Result result;
  std::vector<ThreadSpans> threads;
};

bool is_op(const Span& span) { return span.kind != Span::Kind::region; }

class Tables {
 public:
  Tables(const MachineSpeed& machine, Index at_once) : machine_(machine), at_once_(static_cast<double>(at_once)) {}

  void add(const Span& span) {
    const Tally tally = tally_of(span);
    seconds_ += tally.seconds;
    for (auto* row : {&ops_[span.name], &layers_[span.layer]}) (span.backward ? row->backward : row->forward) += tally;
  }
  std::vector<ProfileRow> ops() const { return rows(ops_); }
  std::vector<ProfileRow> layers() const { return rows(layers_); }
  double seconds() const { return seconds_; }

 private:
  using Rows = std::map<std::string, ProfileRow>;

  Tally tally_of(const Span& span) const {
    Tally t;
    t.calls = span.kind == Span::Kind::op || span.kind == Span::Kind::rule ? 1 : 0;
    t.seconds = 1e-9 * static_cast<double>(span.own) / at_once_;
    t.work = span.work;
    t.least_seconds = std::max(span.work.flops / machine_.flops, span.work.bytes / machine_.bytes);
    t.allocated = static_cast<double>(span.allocated);
    t.kept = static_cast<double>(span.kept);
    return t;
  }
  static std::vector<ProfileRow> rows(const Rows& all);

  MachineSpeed machine_;
  double at_once_, seconds_ = 0;
  Rows ops_, layers_;
};

std::vector<ProfileRow> by_time(std::vector<ProfileRow> rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const ProfileRow& a, const ProfileRow& b) { return a.both().seconds > b.both().seconds; });
  return rows;
}

std::vector<ProfileRow> Tables::rows(const Rows& all) {
  std::vector<ProfileRow> list;
  for (const auto& [name, row] : all) {
    list.push_back(row);
    list.back().name = name;
  }
  return by_time(std::move(list));
}

void note_peak(Profile& p, const ObservedStep& step) {
  std::size_t most = 0;
  for (const ThreadSpans& thread : step.threads) {
    for (const Span& span : thread.spans) {
      if (!is_op(span) || span.in_use <= most) continue;
      most = span.in_use;
      p.peak_op = span.name;
      p.peak_layer = span.layer;
      p.peak_backward = span.backward;
    }
  }
}

}  // namespace

Tally& Tally::operator+=(const Tally& other) {
  calls += other.calls;
  seconds += other.seconds;
  work.flops += other.work.flops;
  work.bytes += other.work.bytes;
  least_seconds += other.least_seconds;
  allocated += other.allocated;
  kept += other.kept;
  return *this;
}

Tally ProfileRow::both() const {
  Tally sum = forward;
  return sum += backward;
}

MachineSpeed measure_machine() {
  Traffic traffic(stream_elements);
  traffic.tune(Pattern::add, stream_seconds);
  return {1e9 * product_peak(), 1e9 * traffic.bandwidth(Pattern::add)};
}

Profile profile(const train::Run& run, const train::StepBatch& batch, Index steps, const MachineSpeed& machine,
                const std::function<void(Index)>& progress) {
  const auto shards = static_cast<std::size_t>(run.config.train.shards);
  std::vector<Profiler> profilers(shards + 1);  // the last one is that of the thread that starts the shards
  std::vector<Observer*> observers;
  for (Profiler& p : profilers) observers.push_back(&p);

  train::TrainingStep step(*run.store, run.config.train);
  for (Index i = 0; i < warm_up; ++i) step.run(batch, i, 0);
  Samples unobserved;
  std::vector<ObservedStep> observed;
  std::size_t peak = 0;
  for (Index i = 0; i < steps; ++i) {
    const Stopwatch plain;
    step.run(batch, warm_up + i, 0);
    unobserved.add(plain.seconds());
    if (progress) progress(2 * i + 1);

    step.observe(observers);
    memory::reset_peak();
    ObservedStep& o = observed.emplace_back();
    const Stopwatch watched;
    o.result = step.run(batch, warm_up + i, 0);
    o.seconds = watched.seconds();
    peak = std::max(peak, memory::peak());
    step.observe({});
    for (std::size_t k = 0; k < profilers.size(); ++k) {
      const std::size_t from = k == 0 ? shards : k - 1;
      o.threads.push_back({k == 0 ? "main" : "shard " + std::to_string(k), profilers[from].spans()});
      profilers[from].clear();
    }
    if (progress) progress(2 * i + 2);
  }

  std::vector<std::size_t> order(observed.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return observed[a].seconds < observed[b].seconds; });
  ObservedStep& median = observed[order[order.size() / 2]];

  Profile p;
  p.model = run.config.model.model;
  p.parameters = run.store->count();
  p.examples = batch.size();
  p.target_tokens = batch.target_tokens();
  p.machine = machine;
  p.steps = steps;
  p.shards = run.config.train.shards;
  p.at_once = std::min({p.shards, batch.size(), Index{threads()}});
  p.step_seconds = median.seconds;
  p.unobserved_seconds = unobserved.median();
  const auto& part = median.result.seconds;
  p.forward = part.forward, p.backward = part.backward, p.clip = part.clip, p.update = part.update;
  p.peak_bytes = static_cast<double>(peak);
  note_peak(p, median);
  Tables tables(machine, p.at_once);
  for (const ThreadSpans& thread : median.threads)
    for (const Span& span : thread.spans)
      if (is_op(span)) tables.add(span);
  p.ops = tables.ops();
  p.layers = tables.layers();
  p.outside = p.step_seconds - tables.seconds() - p.clip - p.update;
  p.threads = std::move(median.threads);
  return p;
}

std::string shortened(const std::string& path, Index depth) {
  std::size_t end = 0;
  for (Index i = 0; i < depth; ++i) {
    end = path.find('.', end + (i > 0 ? 1 : 0));
    if (end == std::string::npos) return path;
  }
  return depth == 0 ? path : path.substr(0, end);
}

std::vector<ProfileRow> shortened(const std::vector<ProfileRow>& rows, Index depth) {
  std::vector<ProfileRow> list;
  for (const ProfileRow& row : rows) {
    const std::string name = shortened(row.name, depth);
    auto into = std::find_if(list.begin(), list.end(), [&](const ProfileRow& other) { return other.name == name; });
    if (into == list.end()) {
      into = list.emplace(list.end());
      into->name = name;
    }
    into->forward += row.forward;
    into->backward += row.backward;
  }
  return by_time(std::move(list));
}

}  // namespace gradus::bench
