#include <gradus/bench/trace.h>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <string_view>

#include <gradus/files/internal/json.h>

namespace gradus::bench {
namespace {

class Trace {
 public:
  explicit Trace(std::int64_t origin) : origin_(origin) {}

  void name(const char* what, std::size_t thread, std::string_view text) {
    event(fmt::format(R"({{"name":"{}","ph":"M","pid":1,"tid":{},"args":{{"name":{}}}}})", what, thread,
                      files::json_string(text)));
  }

  void complete(std::size_t thread, std::string_view name, const char* category, std::int64_t start, std::int64_t end,
                const std::string& arguments = "{}") {
    event(fmt::format(R"({{"name":{},"cat":"{}","ph":"X","ts":{:.3f},"dur":{:.3f},"pid":1,"tid":{},"args":{}}})",
                      files::json_string(name), category, microseconds(start - origin_), microseconds(end - start),
                      thread, arguments));
  }

  void in_use(std::int64_t time, std::size_t bytes) {
    event(fmt::format(R"({{"name":"bytes in use","ph":"C","ts":{:.3f},"pid":1,"args":{{"bytes":{}}}}})",
                      microseconds(time - origin_), bytes));
  }

  std::string text() const { return "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" + events_ + "\n]}\n"; }

 private:
  static double microseconds(std::int64_t nanoseconds) { return 1e-3 * static_cast<double>(nanoseconds); }
  void event(const std::string& text) { events_ += (events_.empty() ? "" : ",\n") + text; }

  std::int64_t origin_;
  std::string events_;
};

const char* category(const Span& span) {
  switch (span.kind) {
    case Span::Kind::region:
      return span.depth == 0 ? "phase" : "layer";
    case Span::Kind::op:
      return span.backward ? "backward" : "forward";
    case Span::Kind::rule:
      return "backward";
    case Span::Kind::product:
      return "product of a weight";
    default:
      return "sum of gradients";
  }
}

std::string arguments_of(const Span& span) {
  return fmt::format(R"({{"layer":{},"flops":{:.0f},"bytes":{:.0f},"allocated":{},"kept":{}}})",
                     files::json_string(span.layer), span.work.flops, span.work.bytes, span.allocated, span.kept);
}

// Whether backward did this on its own, outside of rules and layers.
bool of_backward(const Span& span) { return span.backward && span.depth == 1 && span.kind != Span::Kind::region; }

// Neighbours of one layer in backward as one event of the layer.
void add_layers_of_backward(Trace& trace, std::size_t thread, const std::vector<Span>& spans) {
  const Span *first = nullptr, *last = nullptr;
  const auto finish = [&] {
    if (first && !first->layer.empty()) trace.complete(thread, first->layer, "layer", first->start, last->end);
    first = nullptr;
  };
  for (const Span& span : spans) {
    if (span.depth == 0) finish();
    if (!of_backward(span)) continue;
    if (first && first->layer != span.layer) finish();
    if (!first) first = &span;
    last = &span;
  }
  finish();
}

}  // namespace

std::string trace_json(const Profile& profile, const std::string& name) {
  std::int64_t origin = std::numeric_limits<std::int64_t>::max();
  for (const ThreadSpans& thread : profile.threads)
    for (const Span& span : thread.spans) origin = std::min(origin, span.start);
  Trace trace(origin);
  trace.name("process_name", 0, name);
  for (std::size_t k = 0; k < profile.threads.size(); ++k) {
    const ThreadSpans& thread = profile.threads[k];
    trace.name("thread_name", k, thread.name);
    add_layers_of_backward(trace, k, thread.spans);
    for (const Span& span : thread.spans) {
      const bool region = span.kind == Span::Kind::region;
      trace.complete(k, span.name, category(span), span.start, span.end, region ? "{}" : arguments_of(span));
      if (!region) trace.in_use(span.end, span.in_use);
    }
  }
  return trace.text();
}

}  // namespace gradus::bench
