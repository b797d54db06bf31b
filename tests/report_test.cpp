#include <nlohmann/json.hpp>

#include <fstream>

#include <gradus/report/curves.h>
#include <gradus/report/page.h>
#include <gradus/report/pairs_json.h>
#include <gradus/report/report.h>
#include <gradus/train/provenance.h>

#include "catch.h"
#include "data_scratch.h"
#include "small_run.h"

namespace gradus::report::report_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::Scratch;
using nlohmann::json;
namespace fs = std::filesystem;

// The report on one run.
json report_on(const fs::path& run, const ReportOptions& options = {}) {
  train::Progress progress = train::Progress::silent();
  return json::parse(report_json({run}, options, progress));
}

const json& curve_of(const json& run, const std::string& name) {
  for (const json& curve : run["curves"])
    if (curve["name"] == name) return curve;
  FAIL("there is no curve " << name);
  return run;
}

}  // namespace

TEST_CASE("curves are the numbers of a file of JSON lines by name and step") {
  const Scratch scratch;
  const auto file = scratch.write("metrics.jsonl",
                                  "{\"step\":3,\"loss\":1.5,\"note\":\"x\",\"more\":{\"loss\":9,\"step\":1}}\n"
                                  "{\"loss\":4}\n"
                                  "{\"step\":6,\"valid_loss\":-2,\"loss\":null,\"list\":[1,[2]],\"done\":true}\n"
                                  "{\"step\":9,\"loss\":7}\n{\"step\":12,\"lo");
  const std::vector<Curve> curves = read_curves(file);
  REQUIRE(curves.size() == 2);
  CHECK(curves[0].name == "loss");
  CHECK(curves[0].steps == std::vector<double>{3, 9});
  CHECK(curves[0].values == std::vector<double>{1.5, 7});
  CHECK(curves[1].name == "valid_loss");
  CHECK(curves[1].values == std::vector<double>{-2});

  CHECK(read_curves(scratch.write("empty", "")).empty());
  CHECK_THROWS_WITH(read_curves(scratch.write("bad", "{}\n{\"a\":1,}\n")),
                    ContainsSubstring("bad, line 2, byte 8: not JSON"));
}

TEST_CASE("a thinned curve has the ends and the peaks of the curve, in order") {
  Curve curve{"loss", {}, {}};
  for (int i = 0; i < 10000; ++i) {
    curve.steps.push_back(i);
    curve.values.push_back(i % 97);
  }
  curve.values[5003] = 1000;
  curve.values[7001] = -1000;
  const Curve thin = thinned(curve, 100);
  CHECK(thin.steps.size() <= 102);
  CHECK(thin.steps.front() == 0);
  CHECK(thin.steps.back() == 9999);
  CHECK(std::is_sorted(thin.steps.begin(), thin.steps.end()));
  for (std::size_t i = 0; i < thin.steps.size(); ++i)
    CHECK(thin.values[i] == curve.values[static_cast<std::size_t>(thin.steps[i])]);
  CHECK(std::count(thin.values.begin(), thin.values.end(), 1000) == 1);
  CHECK(std::count(thin.values.begin(), thin.values.end(), -1000) == 1);
  CHECK(thinned(curve, 10000).values == curve.values);
}

TEST_CASE("the speed is the tokens between two lines over their seconds") {
  const std::vector<Curve> times = {{"step_seconds", {5, 10, 15}, {2, 6, 6}},
                                    {"target_tokens", {5, 10, 15}, {100, 500, 500}}};
  const Curve speed = speed_of(times);
  CHECK(speed.steps == std::vector<double>{5, 10});
  CHECK(speed.values == std::vector<double>{50, 100});
  CHECK(speed.name == "tokens_per_second");
  const Curve of_images = speed_of({{"step_seconds", {5}, {2}}, {"examples", {5}, {8}}, {"target_tokens", {5}, {0}}});
  CHECK(of_images.name == "examples_per_second");
  CHECK(of_images.values == std::vector<double>{4});
  CHECK(speed_of({}).values.empty());
}

TEST_CASE("of many pairs a report takes some, evenly spread") {
  std::vector<data::ReferenceSet> sets(10);
  for (std::size_t i = 0; i < sets.size(); ++i) sets[i].source = {std::to_string(i)};
  const auto some = spread(sets, 3);
  REQUIRE(some.size() == 3);
  CHECK((some[0].source[0] == "0" && some[1].source[0] == "3" && some[2].source[0] == "6"));
  CHECK(spread(sets, 20).size() == 10);
}

TEST_CASE("no text of a run can end the data of a page") {
  const std::string written = page("a<b & c", R"({"x":"</script><!--<script>é"})");
  CHECK_THAT(written, ContainsSubstring("<title>a&lt;b &amp; c</title>"));
  CHECK_THAT(written, ContainsSubstring(R"({"x":"\u003c/script>\u003c!--\u003cscript>é"})"));
  CHECK(written.find("{{") == std::string::npos);
  for (const char* address : {"http:", "https:", "src=", "@import", "url("}) {
    CAPTURE(address);
    // The name of a standard is no address.
    std::size_t at = written.find(address);
    if (at != std::string::npos) CHECK(written.substr(at, 26) == "http://www.w3.org/2000/svg");
  }
}

TEST_CASE("a report has the numbers of the run's files and its model") {
  const Scratch scratch;
  const fs::path path = scratch.folder() / "run";
  train::undisturbed(train::small(), path);
  const train::Run run = train::load_run(train::RunDirectory::open(path));
  const json report = report_on(path, {.pairs = 6});
  const json& own = report["runs"][0];
  CHECK(own["name"] == "run");
  CHECK(own["parameters"] == run.store->count());
  CHECK(report["help"].size() == own["settings"].size());

  std::ifstream metrics(path / "metrics.jsonl");
  std::map<std::string, std::vector<std::pair<double, double>>> expected;
  int best = 0;
  for (std::string line; std::getline(metrics, line);) {
    const json values = json::parse(line);
    for (const auto& [name, value] : values.items())
      if (name != "step" && name != "epoch" && name != "best")
        expected[name].emplace_back(values["step"].get<double>(), value.get<double>());
    if (values.contains("best") && values["best"] == 1) best = values["step"];
  }
  REQUIRE(expected.size() >= 6);
  CHECK(own["best_step"] == best);
  for (const auto& [name, points] : expected) {
    CAPTURE(name);
    const json& curve = curve_of(own, name);
    REQUIRE(curve["steps"].size() == points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
      CHECK(curve["steps"][i] == points[i].first);
      CHECK(curve["values"][i].get<double>() == Approx(points[i].second).epsilon(1e-5).margin(1e-12));
    }
  }
  CHECK(curve_of(own, "tokens_per_second")["values"].size() == expected["loss"].size());

  REQUIRE(own["tensors"].size() == run.store->all().size());
  CHECK(own["tensors"][0]["name"] == run.store->all()[0].path);
  for (const json& tensor : own["tensors"]) CHECK((tensor["norm"] >= 0 && tensor["gradient"] >= 0));

  const json& pairs = own["pairs"];
  CHECK(pairs["sources"] == 6);
  CHECK_THAT(pairs["origin"].get<std::string>(), ContainsSubstring("test pairs of the task reverse, 6 of "));
  REQUIRE(pairs["samples"].size() == 6);
  for (const json& sample : pairs["samples"]) {
    REQUIRE(sample["attention"].size() == 1);
    const json& map = sample["attention"][0];
    CHECK(map["columns"].back() == "⏎");
    const std::size_t columns = map["columns"].size();
    REQUIRE(map["weights"].size() == map["rows"].size() * columns);
    int row = 0;
    for (std::size_t c = 0; c < columns; ++c) row += map["weights"][c].get<int>();
    CHECK(std::abs(row - 1000) <= static_cast<int>(columns));
  }
}

TEST_CASE("a report says what a run lacks, and shows the rest") {
  const Scratch scratch;
  const fs::path path = scratch.folder() / "run";
  scratch.write("pairs.tsv", "ab\tx y\nba\ty x\nabb\tx y y\nbb\ty y\n");
  const std::string pairs = (scratch.folder() / "pairs.tsv").string();
  train::undisturbed(
      train::small({{"data.task", ""}, {"data.train", pairs}, {"data.valid", pairs}, {"train.epochs", "9"}}), path);
  const auto notes_of = [&](const ReportOptions& options) {
    return report_on(path, options)["runs"][0]["notes"].dump();
  };
  CHECK(report_on(path)["runs"][0]["pairs"]["origin"] == "validation pairs of " + pairs);
  CHECK_THAT(notes_of({}), ContainsSubstring("It has no provenance.json"));
  fs::remove(path / "times.jsonl");
  fs::rename(pairs, pairs + ".moved");
  const json without = report_on(path)["runs"][0];
  CHECK_THAT(without["notes"].dump(),
             ContainsSubstring("It has no times.jsonl") && ContainsSubstring("Its pairs cannot be read"));
  CHECK(without["pairs"].is_null());
  CHECK(without["tensors"][0]["gradient"].is_null());
  CHECK(report_on(path, {.test = pairs + ".moved"})["runs"][0]["pairs"]["sources"] == 4);
  fs::remove(path / "best.safetensors");
  CHECK_THAT(notes_of({}), ContainsSubstring("Its model cannot be read"));
  CHECK(notes_of({.pairs = 0}).find("model") == std::string::npos);
  CHECK(curve_of(report_on(path, {.pairs = 0})["runs"][0], "loss")["values"].size() > 0);
  CHECK_THROWS_WITH(report_on(scratch.folder() / "other"), ContainsSubstring("there is no such run directory"));
}

TEST_CASE("the origins of settings are those of the run's provenance") {
  const Scratch scratch;
  const fs::path path = scratch.folder() / "a" / "run", other = scratch.folder() / "b" / "run";
  fs::create_directories(path.parent_path());
  fs::create_directories(other.parent_path());
  const train::Trained made(train::small());
  train::Provenance provenance = train::provenance_here();
  provenance.command = "gradus train --out 'a </script>'";
  provenance.origins = {{"model.dim", "command line"}};
  train::write_provenance(made.make(path), provenance);
  made.make(other);

  train::Progress progress = train::Progress::silent();
  const json report = json::parse(report_json({path, other}, {.pairs = 0}, progress));
  CHECK(report["runs"][0]["name"] == "a/run");
  CHECK(report["runs"][1]["name"] == "b/run");
  CHECK(report["runs"][0]["provenance"]["command"] == provenance.command);
  std::map<std::string, std::string> origins;
  for (const json& setting : report["runs"][0]["settings"]) origins[setting[0]] = setting[2];
  CHECK(origins["model.dim"] == "command line");
  CHECK(origins["decode.max_length"] == "the data");
  CHECK(origins["train.detect_nan"] == "default");
  CHECK(report["runs"][1]["provenance"].is_null());
}

}  // namespace gradus::report::report_test
