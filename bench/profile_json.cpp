#include <gradus/bench/profile_json.h>

#include <fmt/format.h>

#include <gradus/files/internal/json.h>

namespace gradus::bench {
namespace {

using files::json_number;

std::string ms(double seconds) { return json_number(1e3 * seconds); }

std::string tally_json(const Tally& t) {
  return fmt::format(
      R"({{"calls":{},"ms":{},"flops":{},"bytes":{},"least_ms":{},"allocated_bytes":{},"kept_bytes":{}}})",
      json_number(t.calls), ms(t.seconds), json_number(t.work.flops), json_number(t.work.bytes), ms(t.least_seconds),
      json_number(t.allocated), json_number(t.kept));
}

std::string rows_json(const std::vector<ProfileRow>& rows) {
  std::string text;
  for (const ProfileRow& row : rows) {
    text += fmt::format("{}\n  {{\"name\":{},\"forward\":{},\"backward\":{}}}", text.empty() ? "" : ",",
                        files::json_string(row.name), tally_json(row.forward), tally_json(row.backward));
  }
  return '[' + text + ']';
}

}  // namespace

std::string profile_json(const Profile& p) {
  return fmt::format(
      R"({{"model":{},"parameters":{},"examples":{},"target_tokens":{},"steps":{},"shards":{},"at_once":{},
"machine":{{"gflops":{},"gb_per_second":{}}},
"step_ms":{},"unobserved_ms":{},"forward_ms":{},"backward_ms":{},"clip_ms":{},"update_ms":{},"outside_ms":{},
"peak_bytes":{},"peak_op":{},"peak_layer":{},"peak_backward":{},
"ops":{},
"layers":{}}}
)",
      files::json_string(p.model), p.parameters, p.examples, p.target_tokens, p.steps, p.shards, p.at_once,
      json_number(1e-9 * p.machine.flops), json_number(1e-9 * p.machine.bytes), ms(p.step_seconds),
      ms(p.unobserved_seconds), ms(p.forward), ms(p.backward), ms(p.clip), ms(p.update), ms(p.outside),
      json_number(p.peak_bytes), files::json_string(p.peak_op), files::json_string(p.peak_layer), p.peak_backward,
      rows_json(p.ops), rows_json(p.layers));
}

}  // namespace gradus::bench
