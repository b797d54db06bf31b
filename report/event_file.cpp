#include <gradus/report/event_file.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/types.h>
#include <gradus/files/internal/file_calls.h>
#include <gradus/files/internal/regular_file.h>

namespace gradus::report {
namespace {

std::array<std::uint32_t, 256> table() {
  std::array<std::uint32_t, 256> rows{};
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0x82F63B78U : 0U);
    rows[i] = value;
  }
  return rows;
}

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

std::string checksum(std::string_view bytes) { return little_endian(std::rotr(crc32c(bytes), 15) + 0xA282EAD8U, 4); }

// A message of protocol buffers. A field is its number and wire type, then its value.
class Message {
 public:
  Message& whole(unsigned field, std::uint64_t value) {
    key(field, 0);
    varint(value);
    return *this;
  }
  Message& real(unsigned field, double value) {
    key(field, 1);
    bytes_ += little_endian(std::bit_cast<std::uint64_t>(value), 8);
    return *this;
  }
  Message& text(unsigned field, std::string_view value) {
    key(field, 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& single(unsigned field, float value) {
    key(field, 5);
    bytes_ += little_endian(std::bit_cast<std::uint32_t>(value), 4);
    return *this;
  }
  Message& reals(unsigned field, const std::vector<double>& values) {
    std::string packed;
    for (const double value : values) packed += little_endian(std::bit_cast<std::uint64_t>(value), 8);
    return text(field, packed);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void key(unsigned field, unsigned type) { varint(field << 3 | type); }
  void varint(std::uint64_t value) {
    for (; value > 0x7F; value >>= 7) bytes_ += static_cast<char>(0x80 | (value & 0x7F));
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

// Fields of tensorflow.Event, Summary, Summary.Value, Summary.Image, HistogramProto and SessionLog.
namespace event {
constexpr unsigned wall_time = 1, step = 2, file_version = 3, summary = 5, session_log = 7;
}
namespace value {
constexpr unsigned tag = 1, simple_value = 2, image = 4, histogram = 5;
}
constexpr unsigned summary_value = 1, session_status = 1, session_start = 1;

std::vector<double> finite_numbers(const Tensor& tensor) {
  std::vector<double> numbers;
  dispatch_floating(tensor.dtype(), [&](auto zero) {
    const auto* values = tensor.data<decltype(zero)>();
    for (Index i = 0; i < tensor.numel(); ++i)
      if (std::isfinite(values[i])) numbers.push_back(static_cast<double>(values[i]));
  });
  return numbers;
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// The name has the time first, since TensorBoard reads files in the order of their names.
std::filesystem::path new_file(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) throw Error(fmt::format("cannot make the folder {}: {}", folder.string(), problem.message()));
  const auto microseconds = static_cast<std::int64_t>(wall_seconds() * 1e6);
  return folder / fmt::format("events.out.tfevents.{}.{:06}.{}.gradus", microseconds / 1'000'000,
                              microseconds % 1'000'000, ::getpid());
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static const std::array<std::uint32_t, 256> rows = table();
  std::uint32_t value = 0xFFFFFFFFU;
  for (const char byte : bytes) value = value >> 8 ^ rows[(value ^ static_cast<unsigned char>(byte)) & 0xFF];
  return ~value;
}

std::string record(std::string_view bytes) {
  const std::string length = little_endian(bytes.size(), 8);
  return length + checksum(length) + std::string(bytes) + checksum(bytes);
}

std::string scalar_value(const std::string& tag, double number) {
  return Message().text(value::tag, tag).single(value::simple_value, static_cast<float>(number)).bytes();
}

std::string histogram_value(const std::string& tag, const Tensor& tensor) {
  constexpr std::size_t most = 30;
  const std::vector<double> numbers = finite_numbers(tensor);
  double low = 0, high = 0, sum = 0, squares = 0;
  if (!numbers.empty()) {
    const auto [least, greatest] = std::minmax_element(numbers.begin(), numbers.end());
    low = *least;
    high = *greatest;
  }
  const double width = (high - low) / static_cast<double>(most);
  const bool spread = std::isfinite(width) && low + width > low;
  std::vector<double> limits, counts(spread ? most : 1);
  for (std::size_t b = 0; b + 1 < counts.size(); ++b) limits.push_back(low + width * static_cast<double>(b + 1));
  limits.push_back(high);
  for (const double number : numbers) {
    sum += number;
    squares += number * number;
    ++counts[spread ? std::min(static_cast<std::size_t>((number - low) / width), most - 1) : 0];
  }
  const std::string histogram = Message()
                                    .real(1, low)
                                    .real(2, high)
                                    .real(3, static_cast<double>(numbers.size()))
                                    .real(4, sum)
                                    .real(5, squares)
                                    .reals(6, limits)
                                    .reals(7, counts)
                                    .bytes();
  return Message().text(value::tag, tag).text(value::histogram, histogram).bytes();
}

std::string picture_value(const std::string& tag, Index height, Index width, const std::string& png) {
  constexpr std::uint64_t colors = 3;
  const std::string image = Message()
                                .whole(1, static_cast<std::uint64_t>(height))
                                .whole(2, static_cast<std::uint64_t>(width))
                                .whole(3, colors)
                                .text(4, png)
                                .bytes();
  return Message().text(value::tag, tag).text(value::image, image).bytes();
}

EventFile::EventFile(const std::filesystem::path& folder, Index step)
    : path_(new_file(folder)),
      file_(std::make_unique<const files::RegularFile>(path_, O_WRONLY | O_CREAT | O_EXCL | O_APPEND,
                                                       files::Names::one)) {
  write(Message().real(event::wall_time, wall_seconds()).text(event::file_version, "brain.Event:2").bytes());
  write(Message()
            .real(event::wall_time, wall_seconds())
            .whole(event::step, static_cast<std::uint64_t>(step) + 1)
            .text(event::session_log, Message().whole(session_status, session_start).bytes())
            .bytes());
}

EventFile::~EventFile() = default;

void EventFile::add(Index step, const std::vector<std::string>& values) {
  Message summary;
  for (const std::string& own : values) summary.text(summary_value, own);
  write(Message()
            .real(event::wall_time, wall_seconds())
            .whole(event::step, static_cast<std::uint64_t>(step))
            .text(event::summary, summary.bytes())
            .bytes());
}

void EventFile::write(const std::string& event) {
  const std::string bytes = record(event);
  if (const int reason = files::write_all(file_->descriptor(), bytes.data(), bytes.size()); reason != 0)
    throw Error(fmt::format("cannot write {}: {}", path_.string(), std::strerror(reason)));
}

}  // namespace gradus::report
