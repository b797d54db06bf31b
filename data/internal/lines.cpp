#include <gradus/data/internal/lines.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <gradus/autograd/foundation/error.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::data {
namespace {

constexpr std::size_t bytes_at_once = std::size_t{1} << 15;
constexpr std::size_t sample_size = 4096;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

using namespace std::string_view_literals;

struct Signature {
  std::string_view bytes, name;
  std::size_t at = 0;
};

constexpr Signature signatures[] = {
    {"\xFF\xFE\0\0"sv, "UTF-32 text"},     {"\x1F\x8B"sv, "a gzip file inside another"},
    {"\xFF\xFE"sv, "UTF-16 text"},         {"\xFE\xFF"sv, "UTF-16 text"},
    {"\0\0\xFE\xFF"sv, "UTF-32 text"},     {"PK\x03\x04"sv, "a zip archive"},
    {"1AY&SY"sv, "a bzip2 file", 4},       {"\xFD\x37zXZ\0"sv, "an xz file"},
    {"\x28\xB5\x2F\xFD"sv, "a zstd file"}, {"%PDF-"sv, "a PDF document"},
    {"\x7F\x45LF"sv, "a program"},
};

/// The format that the first bytes of a file show, or "" if they may be UTF-8 text.
std::string_view foreign_format(std::string_view sample) {
  for (const Signature& s : signatures)
    if (sample.size() >= s.at && sample.substr(s.at, s.bytes.size()) == s.bytes) return s.name;
  std::size_t zeros[2] = {0, 0};
  for (std::size_t i = 0; i < sample.size(); ++i) zeros[i % 2] += sample[i] == '\0';
  const std::size_t half = sample.size() / 2;
  for (const int side : {0, 1})
    if (half >= 2 && zeros[side] * 10 > half * 6 && zeros[1 - side] * 10 < half) return "UTF-16 text";
  std::size_t strange = 0;
  for (std::size_t at = 0; at < sample.size();) {
    const std::size_t length = files::utf8_length(sample, at);
    const auto byte = static_cast<unsigned char>(sample[at]);
    strange += length == 0 || (byte < 0x20 && std::strchr("\t\n\v\f\r\x1B", byte) == nullptr) || byte == 0;
    at += length == 0 ? 1 : length;
  }
  return sample.size() >= 64 && strange * 10 > sample.size() * 3 ? "binary data or text in another encoding" : "";
}

}  // namespace

std::optional<Flaw> flaw_of(const Line& line) {
  if (line.too_long) return Flaw{0, "the line is longer than 1 MiB"};
  const std::size_t bad = std::min({line.text.find('\0'), line.text.find('\r'), files::find_invalid_utf8(line.text)});
  if (bad == std::string_view::npos) return std::nullopt;
  const auto byte = static_cast<unsigned char>(line.text[bad]);
  if (byte == 0) return Flaw{bad, "a NUL byte in the text"};
  if (byte == '\r') return Flaw{bad, "a carriage return inside the line; lines end in LF or CRLF"};
  return Flaw{bad, fmt::format("byte 0x{:02X} is not UTF-8", byte)};
}

LineReader::LineReader(const std::filesystem::path& path) : path_(path.string()) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw Error(fmt::format("{}: this is a folder; give the path of a text file", path_));
  start(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

LineReader::LineReader(int file, std::string name) : path_(std::move(name)) { start(::dup(file)); }

void LineReader::start(int file) {
  if (file < 0) throw Error(fmt::format("{}: the file cannot be opened: {}", path_, std::strerror(errno)));
  bytes_.emplace(file, [this](const std::string& reason) {
    return Error(fmt::format("{}: reading failed after line {}: {}; is the file complete?", path_, number_, reason));
  });
  if (!fill()) return;
  refuse_binary();
  if (buffer_.compare(0, byte_order_mark.size(), byte_order_mark) == 0) at_ = byte_order_mark.size();
}

bool LineReader::fill() {
  buffer_.resize(bytes_at_once);
  buffer_.resize(bytes_->read(buffer_.data(), bytes_at_once));
  at_ = 0;
  return !buffer_.empty();
}

void LineReader::refuse_binary() const {
  const std::string_view found = foreign_format(std::string_view(buffer_).substr(0, sample_size));
  if (!found.empty())
    throw Error(fmt::format("{}: this is {}; expected UTF-8 text (plain or gzip): convert it first", path_, found));
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
