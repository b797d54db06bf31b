#include <gradus/train/provenance.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <sys/utsname.h>
#include <ctime>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>

#include <gradus/autograd/foundation/internal/blas.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/files/internal/file_replacement.h>
#include <gradus/files/internal/json.h>
#include <gradus/files/internal/regular_input.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::train {
namespace {

struct Text {
  const char* name;
  std::string Provenance::*field;
};
constexpr Text texts[] = {{"command", &Provenance::command}, {"folder", &Provenance::folder},
                          {"program", &Provenance::program}, {"compiler", &Provenance::compiler},
                          {"system", &Provenance::system},   {"processor", &Provenance::processor},
                          {"blas", &Provenance::blas},       {"started", &Provenance::started}};

struct Number {
  const char* name;
  Index Provenance::*field;
};
constexpr Number numbers[] = {{"processors", &Provenance::processors}, {"threads", &Provenance::threads}};

// "Intel(R) Xeon(R) CPU", or the architecture where the system has no name.
std::string processor_name(const char* architecture) {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    const std::size_t at = line.find(": ");
    if (line.starts_with("model name") && at != std::string::npos) return files::shown(line.substr(at + 2));
  }
  return architecture;
}

class Reader : public files::JsonHandler {
 public:
  Provenance found;
  std::size_t bad_byte = 0;

  bool start_object() override {
    open_.push_back(key_);
    return true;
  }
  bool end_object() override {
    open_.pop_back();
    return true;
  }
  bool start_list() override { return start_object(); }
  bool end_list() override { return end_object(); }
  bool key(const std::string& name) override {
    key_ = name;
    return true;
  }
  bool string(const std::string& value) override {
    if (open_.size() == 2 && open_.back() == "origins") found.origins[key_] = value;
    for (const Text& t : texts)
      if (open_.size() == 1 && key_ == t.name) found.*t.field = value;
    return true;
  }
  bool whole(std::uint64_t value) override {
    for (const Number& n : numbers)
      if (open_.size() == 1 && key_ == n.name) found.*n.field = static_cast<Index>(value);
    return true;
  }
  bool other(const char*) override { return true; }
  void error(std::size_t byte) override { bad_byte = byte; }

 private:
  std::string key_;
  std::vector<std::string> open_;  // the keys of the open objects
};

}  // namespace

Provenance provenance_here() {
  Provenance here;
  std::error_code ignored;
  here.folder = files::shown(std::filesystem::current_path(ignored).string(), 4096);
  here.compiler = __VERSION__;
  utsname names{};
  if (::uname(&names) == 0) here.system = files::shown(fmt::format("{} {}", names.sysname, names.release));
  here.processor = processor_name(names.machine);
  here.processors = std::thread::hardware_concurrency();
  here.threads = threads();
  here.blas = blas::describe().kernel;
  here.started = fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(std::time(nullptr)));
  return here;
}

void write_provenance(const RunDirectory& directory, const Provenance& provenance) {
  std::string text = "{\n";
  for (const Text& t : texts) text += fmt::format("  \"{}\": {},\n", t.name, files::json_string(provenance.*t.field));
  for (const Number& n : numbers) text += fmt::format("  \"{}\": {},\n", n.name, provenance.*n.field);
  text += "  \"origins\": {";
  for (const char* separator = ""; const auto& [key, origin] : provenance.origins) {
    text += fmt::format("{}\n    {}: {}", separator, files::json_string(key), files::json_string(origin));
    separator = ",";
  }
  files::replace_file(directory.provenance(), text + "\n  }\n}\n");
}

std::optional<Provenance> read_provenance(const RunDirectory& directory) {
  const std::filesystem::path file = directory.provenance();
  if (!std::filesystem::exists(file)) return std::nullopt;
  files::RegularInput in(file, files::Names::one);
  return read_provenance(std::string{std::istreambuf_iterator<char>(in), {}}, file.string());
}

Provenance read_provenance(const std::string& text, const std::string& name) {
  Reader reader;
  if (!files::read_json(text, reader))
    throw Error(fmt::format("{}, byte {}: not JSON; remove the file", name, reader.bad_byte));
  return reader.found;
}

}  // namespace gradus::train
