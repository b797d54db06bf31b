#include "data/lines.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "autograd/error.h"
#include "data/utf8.h"

namespace gradus::data {
namespace {

constexpr std::size_t chunk = std::size_t{1} << 15;
constexpr std::size_t sample_size = 4096;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

using namespace std::string_view_literals;

constexpr std::pair<std::string_view, std::string_view> signatures[] = {
    {"\xFF\xFE\0\0"sv, "UTF-32 text"},
    {"\x1F\x8B"sv, "a gzip file inside another"},
    {"\xFF\xFE"sv, "UTF-16 text"},
    {"\xFE\xFF"sv, "UTF-16 text"},
    {"\0\0\xFE\xFF"sv, "UTF-32 text"},
    {"PK\x03\x04"sv, "a zip archive"},
    {"BZh"sv, "a bzip2 file"},
    {"\xFD\x37zXZ\0"sv, "an xz file"},
    {"\x28\xB5\x2F\xFD"sv, "a zstd file"},
    {"%PDF-"sv, "a PDF document"},
    {"\x7F\x45LF"sv, "a program"},
};

/// What the first bytes of a file show it to be, or "" when they may well be UTF-8 text.
std::string_view foreign_format(std::string_view sample) {
  for (const auto& [signature, name] : signatures) {
    if (sample.substr(0, signature.size()) == signature) return name;
  }
  std::size_t zeros[2] = {0, 0};
  for (std::size_t i = 0; i < sample.size(); ++i) zeros[i % 2] += sample[i] == '\0';
  const std::size_t half = sample.size() / 2;
  for (const int side : {0, 1}) {
    if (half >= 2 && zeros[side] * 10 > half * 6 && zeros[1 - side] * 10 < half) return "UTF-16 text";
  }
  std::size_t strange = 0;
  for (std::size_t at = 0; at < sample.size();) {
    const std::size_t length = utf8_length(sample, at);
    const auto byte = static_cast<unsigned char>(sample[at]);
    strange += length == 0 || (byte < 0x20 && std::strchr("\t\n\v\f\r\x1B", byte) == nullptr) || byte == 0;
    at += length == 0 ? 1 : length;
  }
  return sample.size() >= 64 && strange * 10 > sample.size() * 3 ? "binary data or text in another encoding" : "";
}

}  // namespace

LineReader::LineReader(const std::filesystem::path& path) : path_(path.string()) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    throw Error(fmt::format("{}: this is a folder; give the path of a text file", path_));
  }
  start(gzopen(path_.c_str(), "rb"));
}

LineReader::LineReader(int file, std::string name) : path_(std::move(name)) { start(gzdopen(::dup(file), "rb")); }

void LineReader::start(gzFile file) {
  if (file == nullptr) throw Error(fmt::format("{}: the file cannot be opened: {}", path_, std::strerror(errno)));
  file_.reset(file);
  gzbuffer(file_.get(), chunk);
  if (!fill()) return;
  refuse_binary();
  if (buffer_.compare(0, byte_order_mark.size(), byte_order_mark) == 0) at_ = byte_order_mark.size();
}

bool LineReader::fill() {
  buffer_.resize(chunk);
  const int got = gzread(file_.get(), buffer_.data(), chunk);
  buffer_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  at_ = 0;
  int code = Z_OK;
  const char* message = gzerror(file_.get(), &code);
  if (got < 0 || (buffer_.size() < chunk && code == Z_BUF_ERROR)) {
    const char* reason = code == Z_ERRNO ? std::strerror(errno) : code == Z_BUF_ERROR ? "it ends too early" : message;
    throw Error(fmt::format("{}: reading failed after line {}: {}; is the file complete?", path_, number_, reason));
  }
  return !buffer_.empty();
}

void LineReader::refuse_binary() const {
  const std::string_view found = foreign_format(std::string_view(buffer_).substr(0, sample_size));
  if (!found.empty()) {
    throw Error(fmt::format("{}: this is {}; expected UTF-8 text (plain or gzip): convert it first", path_, found));
  }
}

bool LineReader::next(Line& line) {
  line_.clear();
  bool begun = false;
  bool ended = false;
  bool too_long = false;
  while (!ended && (at_ < buffer_.size() || fill())) {
    begun = true;
    const std::string_view rest = std::string_view(buffer_).substr(at_);
    const std::size_t newline = rest.find('\n');
    ended = newline != std::string_view::npos;
    const std::string_view part = rest.substr(0, newline);
    too_long = too_long || line_.size() + part.size() > longest;
    if (!too_long) line_ += part;
    at_ += part.size() + (ended ? 1 : 0);
  }
  if (!begun) return false;
  if (too_long) line_.clear();
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  line = {path_, line_, ++number_, too_long};
  return true;
}

}  // namespace gradus::data
