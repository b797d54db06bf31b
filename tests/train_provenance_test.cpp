#include <nlohmann/json.hpp>

#include <gradus/train/provenance.h>
#include <gradus/train/times.h>

#include "catch.h"
#include "data_scratch.h"
#include "small_run.h"

namespace gradus::train::train_provenance_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::contents;
using data::Scratch;

TrainingStep::Result step_of(double seconds, Index tokens) {
  TrainingStep::Result result;
  result.seconds.forward = seconds;
  result.target_tokens = tokens;
  return result;
}

}  // namespace

TEST_CASE("times are sums over all processes that trained a run, without the steps after the checkpoint") {
  const Scratch scratch;
  const auto file = scratch.folder() / "times.jsonl";
  {
    TimesLog times(file, 0);
    times.add(step_of(2, 10), 1);
    times.append(5);
    times.add(step_of(3, 20), 2);
    times.append(10);
  }
  const std::string first = contents(file).substr(0, contents(file).find('\n') + 1);
  for (const char* after : {"", "{\"step\":6,\"sec",
                            "{\"step\":6,\"seconds\":1e99,\"step_seconds\":1,\"examples\":1,\"target_tokens\":1}\n"}) {
    CAPTURE(after);
    scratch.write("times.jsonl", first + after);
    TimesLog times(file, 7);
    CHECK(contents(file) == first);
    times.add(step_of(4, 40), 4);
    times.append(10);
    const auto line = nlohmann::json::parse(contents(file).substr(first.size()));
    CHECK(line["step"] == 10);
    CHECK(line["step_seconds"] == 6);
    CHECK(line["examples"] == 5);
    CHECK(line["target_tokens"] == 50);
    CHECK(line["seconds"] >= nlohmann::json::parse(first)["seconds"]);
  }
  for (const char* defect : {"[]\n", "{\"step\":1}\n", "{\"step\":-1,\"seconds\":1}\n", "x\n", "{\"step\":\"1\"}\n",
                             "{\"other\":1}\n", "{\"step\":null}\n", "1\n"}) {
    CAPTURE(defect);
    scratch.write("times.jsonl", defect + first);
    TimesLog times(file, 7);
    CHECK(contents(file).empty());
  }
}

TEST_CASE("provenance is read as it was written") {
  const Scratch scratch;
  const RunDirectory run = Trained(small()).make(scratch.folder() / "run");
  CHECK_FALSE(read_provenance(run).has_value());
  Provenance written = provenance_here();
  CHECK((written.processors > 0 && written.threads > 0 && !written.started.empty() && !written.processor.empty()));
  for (const Origins& origins : {Origins{}, Origins{{"model.dim", "preset tiny"}, {"train.lr", "a \"file\""}}}) {
    written.command = "gradus train --out 'é \\ \"'";
    written.origins = origins;
    write_provenance(run, written);
    CHECK(read_provenance(run) == written);
  }
  scratch.write("run/provenance.json",
                R"({"command":"c","later":[{"command":"x"}],"origins":{"a":"b","c":1},"threads":2,"blas":null})");
  Provenance expected;
  expected.command = "c";
  expected.threads = 2;
  expected.origins = {{"a", "b"}};
  CHECK(read_provenance(run) == expected);
  scratch.write("run/provenance.json", "{\"command\":");
  CHECK_THROWS_WITH(read_provenance(run), ContainsSubstring("provenance.json, byte 12: not JSON"));
}

}  // namespace gradus::train::train_provenance_test
