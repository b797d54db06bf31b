#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include <gradus/files/internal/png.h>
#include <gradus/report/event_file.h>
#include <gradus/report/live_page.h>
#include <gradus/report/tensorboard.h>

#include "idx_files.h"
#include "program.h"
#include "small_run.h"

// What a training writes beside its run: the page, and event files of TensorBoard.
namespace gradus::report::report_training_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::Scratch;
using nlohmann::json;
namespace fs = std::filesystem;

std::uint64_t whole(const std::string& bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

bool is_checksum(const std::string& bytes, std::size_t at, const std::string& of) {
  return std::rotl(static_cast<std::uint32_t>(whole(bytes, at, 4)) - 0xA282EAD8U, 15) == crc32c(of);
}

// The contents of the records of an event file, whose checksums are right.
std::vector<std::string> records(const fs::path& file) {
  const std::string bytes = data::contents(file);
  std::vector<std::string> found;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = whole(bytes, at, 8);
    REQUIRE(bytes.size() - at >= size + 16);
    CHECK(is_checksum(bytes, at + 8, bytes.substr(at, 8)));
    found.push_back(bytes.substr(at + 12, size));
    CHECK(is_checksum(bytes, at + 12 + size, found.back()));
    at += size + 16;
  }
  return found;
}

// The fields of a message of protocol buffers: the bytes of each, by number.
std::multimap<unsigned, std::string> fields(const std::string& message) {
  std::multimap<unsigned, std::string> found;
  std::size_t at = 0;
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(message.at(at++));
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.size()) {
    const std::uint64_t key = varint();
    const auto field = static_cast<unsigned>(key >> 3);
    const std::size_t start = at;
    if ((key & 7) == 0) {
      varint();
      found.emplace(field, message.substr(start, at - start));
    } else {
      const std::size_t size = (key & 7) == 1 ? 8 : (key & 7) == 5 ? 4 : varint();
      found.emplace(field, message.substr(at, size));
      at += size;
    }
  }
  return found;
}

struct Scalars {
  std::map<std::string, std::map<Index, float>> values;
  std::set<std::string> histograms, pictures;
  std::optional<Index> starts_at;
};

Index small_varint(const std::string& bytes) {
  Index value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 7 | (static_cast<unsigned char>(bytes[i]) & 0x7F);
  return value;
}

Scalars scalars_of(const fs::path& file) {
  Scalars found;
  for (const std::string& record : records(file)) {
    const auto event = fields(record);
    const Index step = event.count(2) > 0 ? small_varint(event.find(2)->second) : 0;
    if (event.count(7) > 0) found.starts_at = step;
    if (event.count(5) == 0) continue;
    for (const auto& [number, value] : fields(event.find(5)->second)) {
      const auto parts = fields(value);
      const std::string& tag = parts.find(1)->second;
      if (parts.count(2) > 0)
        found.values[tag][step] = std::bit_cast<float>(static_cast<std::uint32_t>(whole(parts.find(2)->second, 0, 4)));
      if (parts.count(4) > 0) found.pictures.insert(tag);
      if (parts.count(5) > 0) found.histograms.insert(tag);
    }
  }
  return found;
}

std::vector<fs::path> event_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// Trains a run with a page and events, for at most `steps` steps.
train::Outcome train_shown(const train::RunConfig& config, const fs::path& path, const fs::path& events,
                           Index steps = 1 << 20) {
  const bool resumes = train::RunDirectory::exists(path);
  train::Trained t(config);
  const train::RunDirectory directory = resumes ? train::RunDirectory::reopen(path) : t.make(path);
  if (resumes) t.trainer.resume(directory);
  train::Progress progress = train::Progress::silent();
  LivePage page(directory, t.dataset, t.trainer, "gradus", progress);
  TensorBoard board(events, t.run, t.dataset, t.trainer.position().step, progress);
  t.trainer.observe(page);
  t.trainer.observe(board);
  const Index last = t.trainer.position().step + steps;
  const train::Outcome outcome = t.trainer.run(progress, &directory, [&] { return t.trainer.position().step >= last; });
  CHECK_THAT(data::contents(directory.report()), ContainsSubstring("\"in_training\":true"));
  CHECK(page.finish());
  CHECK_THAT(data::contents(directory.report()), ContainsSubstring("\"in_training\":false"));
  return outcome;
}

}  // namespace

TEST_CASE("the checksum of a record is the CRC-32C of the standard") {
  CHECK(crc32c("123456789") == 0xE3069283U);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAU);  // RFC 3720, B.4
  CHECK(crc32c("") == 0);
}

TEST_CASE("a histogram counts each finite number once") {
  const auto histogram = [](const Tensor& numbers) {
    return fields(fields(histogram_value("w", numbers)).find(5)->second);
  };
  const auto real = [](const std::string& bytes, std::size_t i = 0) {
    return std::bit_cast<double>(whole(bytes, 8 * i, 8));
  };
  const auto spread = histogram(Tensor::from({-1.0, 2.0, 0.5, std::nan(""), 2.0}));
  CHECK(real(spread.find(1)->second) == -1);
  CHECK(real(spread.find(2)->second) == 2);
  CHECK(real(spread.find(3)->second) == 4);
  CHECK(real(spread.find(4)->second) == 3.5);
  CHECK(real(spread.find(5)->second) == 9.25);
  const std::string &limits = spread.find(6)->second, &counts = spread.find(7)->second;
  REQUIRE((limits.size() == 30 * 8 && counts.size() == 30 * 8));
  CHECK(real(counts, 0) == 1);
  CHECK(real(counts, 15) == 1);
  CHECK(real(counts, 29) == 2);
  CHECK(real(limits, 29) == 2);
  for (const Tensor& numbers : {Tensor::from({3.0, 3.0}), Tensor::from({std::nan(""), std::nan("")})}) {
    const auto one = histogram(numbers);
    CHECK(one.find(7)->second.size() == 8);
    CHECK(real(one.find(7)->second) == real(one.find(3)->second));
  }
}

TEST_CASE("a picture is a PNG file with its pixels") {
  const std::string bytes = files::png(1, 2, 3, {1, 2, 3, 4, 5, 6});
  CHECK(bytes.substr(0, 8) == "\x89PNG\r\n\x1a\n");
  CHECK(bytes.substr(12, 4) == "IHDR");
  CHECK(bytes.substr(16, 13) == std::string("\0\0\0\2\0\0\0\1\x08\x02\0\0\0", 13));
  const std::size_t at = bytes.find("IDAT");
  const auto size = static_cast<unsigned char>(bytes[at - 1]);
  std::string rows(7, '\0');
  uLongf unpacked = rows.size();
  REQUIRE(::uncompress(reinterpret_cast<Bytef*>(rows.data()), &unpacked,
                       reinterpret_cast<const Bytef*>(bytes.data() + at + 4), size) == Z_OK);
  CHECK(rows == std::string("\0\1\2\3\4\5\6", 7));
  CHECK(bytes.substr(bytes.size() - 8) == "IEND\xae\x42\x60\x82");
  CHECK_THROWS_WITH(files::png(1, 2, 3, {1, 2, 3}), ContainsSubstring("3 bytes for 1 x 2 pixels with 3 channels"));
  CHECK(files::base64("") == "");
  CHECK(files::base64("f") == "Zg==");
  CHECK(files::base64("fo") == "Zm8=");
  CHECK(files::base64("foobar\xff") == "Zm9vYmFy/w==");
}

TEST_CASE("page and events change no bit of a run, and the events are the lines of its metrics") {
  const Scratch scratch;
  const fs::path plain = scratch.folder() / "plain", shown = scratch.folder() / "shown",
                 events = scratch.folder() / "events";
  const train::RunConfig config = train::small();
  train::undisturbed(config, plain);
  CHECK(train_shown(config, shown, events, 13).ending == train::Ending::interrupted);
  CHECK(train_shown(config, shown, events).ending == train::Ending::complete);
  fs::remove(shown / "report.html");
  train::check_same_files(plain, shown);

  const std::vector<fs::path> files = event_files(events);
  REQUIRE(files.size() == 2);
  const Scalars first = scalars_of(files[0]), second = scalars_of(files[1]);
  CHECK(first.starts_at == 1);
  CHECK(second.starts_at == 14);
  std::map<std::string, std::map<Index, float>> values = second.values;
  for (const auto& [tag, own] : first.values) values[tag].insert(own.begin(), own.end());
  std::istringstream metrics(data::contents(shown / "metrics.jsonl"));
  std::size_t compared = 0;
  for (std::string line; std::getline(metrics, line);) {
    const json numbers = json::parse(line);
    for (const auto& [name, value] : numbers.items()) {
      if (name == "step" || name == "epoch" || name == "best") continue;
      const std::string tag = name.starts_with("valid_") ? "valid/" + name.substr(6) : "train/" + name;
      CAPTURE(tag, line);
      CHECK(values.at(tag).at(numbers["step"]) == static_cast<float>(value.get<double>()));
      ++compared;
    }
  }
  CHECK(compared > 30);
  CHECK(values.at("train/loss").size() == values.at("speed/tokens_per_second").size() + 2);  // not the first ones
  CHECK(second.pictures == std::set<std::string>{"attention/source_by_target/layer_1"});
  CHECK(second.histograms.size() > 5);
}

TEST_CASE("a page or an event file that cannot be written does not end a training") {
  const Scratch scratch;
  const auto in = [&](const char* name) { return scratch.folder() / name; };
  train::Trained t(train::small({{"train.epochs", "1"}}));
  const train::RunDirectory directory = t.make(in("run"));
  std::FILE* out = std::tmpfile();
  train::Progress progress(out, false, [] { return 0.0; });
  fs::create_directory(in("run") / "report.html.tmp");
  LivePage page(directory, t.dataset, t.trainer, "gradus", progress);
  t.trainer.observe(page);
  CHECK(t.trainer.run(progress, &directory).ending == train::Ending::complete);
  CHECK_FALSE(page.finish());
  std::rewind(out);
  std::string text(1 << 16, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), out));
  std::fclose(out);
  CHECK_THAT(text, ContainsSubstring("note: the page was not written: ") && ContainsSubstring("report.html"));

  scratch.write("file", "");
  CHECK_THROWS_WITH(check_event_folder(in("file") / "events"), ContainsSubstring("file is no folder"));
  CHECK_THROWS_WITH(EventFile(in("file") / "events", 0), ContainsSubstring("cannot make the folder"));
  CHECK_NOTHROW(check_event_folder(in("new") / "events"));
  CHECK_FALSE(fs::exists(in("new")));
}

TEST_CASE("the page and the events of a run of images have classes, pictures and patches") {
  const Scratch scratch;
  data::BrightThirds(60).write(scratch, "train");
  data::BrightThirds(20, 7).write(scratch, "test");
  const std::string folder = scratch.folder().string() + "/";
  const fs::path path = scratch.folder() / "run", events = scratch.folder() / "events";
  for (const char* pooling : {"mean", "cls"}) {
    fs::remove_all(path);
    train_shown(train::resolve({.preset = "tiny",
                                .assignments = {{"model.name", "vit"},
                                                {"model.pooling", pooling},
                                                {"data.train", folder + "train.idx.gz"},
                                                {"data.labels", folder + "train-labels.idx"},
                                                {"model.dim", "8"},
                                                {"model.heads", "2"},
                                                {"model.ffn", "8"},
                                                {"model.encoder_layers", "2"},
                                                {"model.patch", "4"},
                                                {"data.held_out", "0.2"},
                                                {"train.batch", "10"},
                                                {"train.steps", "10"},
                                                {"train.evaluate_every", "5"},
                                                {"train.log_every", "2"}}}),
                path, events);
  }
  const Scalars scalars = scalars_of(event_files(events).back());
  CHECK(scalars.values.at("valid/accuracy").size() == 2);
  CHECK(scalars.values.count("speed/examples_per_second") == 1);
  CHECK(scalars.pictures == std::set<std::string>{"attention/patches/layer_1", "attention/patches/layer_2"});

  train::Progress progress = train::Progress::silent();
  const auto report_on = [&](const ReportOptions& options) {
    return json::parse(report_json({path}, options, progress))["runs"][0];
  };
  const json run = report_on({.test = folder + "test.idx.gz", .labels = folder + "test-labels.idx"});
  CHECK(run["pairs"].is_null());
  const json& found = run["images"];
  CHECK(found["images"] == 20);
  CHECK(found["classes"] == json({"0", "1", "2"}));
  CHECK((found["patch_rows"] == 1 && found["patch_columns"] == 3));
  int all = 0, correct = 0;
  for (int label = 0; label < 3; ++label) {
    for (int read = 0; read < 3; ++read) all += found["confusion"][label][read].get<int>();
    correct += found["confusion"][label][label].get<int>();
  }
  CHECK(all == 20);
  CHECK(found["correct"] == correct);
  CHECK(found["misread"].size() == static_cast<std::size_t>(20 - correct));
  REQUIRE(found["samples"].size() == 3);
  for (const json& sample : found["samples"]) {
    CHECK_THAT(sample["picture"].get<std::string>(), Catch::Matchers::StartsWith("data:image/png;base64,iVBORw0KGgo"));
    REQUIRE(sample["attention"].size() == 4);
    for (const json& map : sample["attention"]) {
      REQUIRE(map["weights"].size() == 3);
      int sum = 0;
      for (const json& weight : map["weights"]) sum += weight.get<int>();
      CHECK((sum > 0 && sum <= 1003));  // the extra token reads itself too
    }
  }
  for (const json& tensor : run["tensors"]) CHECK((tensor["norm"] >= 0 && tensor["gradient"] >= 0));
  CHECK(report_on({.pairs = 3})["images"]["images"] == 3);
  CHECK_THAT(report_on({.pairs = 3})["images"]["origin"].get<std::string>(),
             ContainsSubstring("validation images held out of ") && ContainsSubstring(", 3 of "));
  fs::remove(folder + "train-labels.idx");
  CHECK_THAT(report_on({})["notes"].dump(), ContainsSubstring("Its images cannot be read"));
}

TEST_CASE("train writes the page and the events that its flags name") {
  const Scratch scratch;
  const std::string train =
      "train --model rnn --task copy --steps 4 --out run --report --tensorboard run/events --set model.dim=8 --set "
      "model.hidden=8 "
      "--set data.pairs=50 --set data.valid_pairs=9 --set data.max_length=4";
  const Ran ran = run(scratch, train);
  CHECK(ran.code == 0);
  CHECK_THAT(ran.err, ContainsSubstring("the page of the run: run/report.html"));
  CHECK_THAT(data::contents(scratch.folder() / "run" / "report.html"), ContainsSubstring("\"in_training\":false"));
  CHECK(event_files(scratch.folder() / "run" / "events").size() == 1);
  CHECK(run(scratch, train + " --overwrite").code == 0);
  CHECK(event_files(scratch.folder() / "run" / "events").size() == 2);
  scratch.write("file", "");
  const Ran bad = run(scratch, "train --model rnn --task copy --steps 1 --out other --tensorboard file");
  CHECK(bad.code == 1);
  CHECK_THAT(bad.err, ContainsSubstring("file is no folder"));
  CHECK_FALSE(fs::exists(scratch.folder() / "other"));
}

}  // namespace gradus::report::report_training_test
