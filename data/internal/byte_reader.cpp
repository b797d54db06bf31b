#include <gradus/data/internal/byte_reader.h>

#include <fmt/format.h>

#include <unistd.h>
#include <zlib.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace gradus::data {
namespace {

constexpr std::size_t compressed_at_once = std::size_t{1} << 15;
constexpr int gzip_alone = 15 + 16;  // zlib's windowBits: the largest window, after a gzip header

}  // namespace

ByteReader::ByteReader(int file, MakeError error)
    : file_(file), error_(std::move(error)), raw_(compressed_at_once, '\0'), stream_(std::make_unique<z_stream>()) {
  inflateInit2(stream_.get(), gzip_alone);
}

ByteReader::~ByteReader() {
  inflateEnd(stream_.get());
  ::close(file_);
}

std::size_t ByteReader::read(char* into, std::size_t size) {
  if (!begun_) {
    begun_ = true;
    while (end_ < 2 && more()) continue;
    packed_ = end_ >= 2 && raw_.starts_with("\x1F\x8B");
  }
  std::size_t done = 0;
  while (done < size && (at_ < end_ || more()))
    done += packed_ ? unpack(into + done, size - done) : copy(into + done, size - done);
  if (done < size && member_ == Member::begun) throw error_("it ends too early");
  return done;
}

// Reads more bytes into raw_. Returns false at the end of the file.
bool ByteReader::more() {
  if (at_ == end_) at_ = end_ = 0;
  const ssize_t got = ::read(file_, raw_.data() + end_, raw_.size() - end_);
  if (got < 0) throw error_(std::strerror(errno));
  end_ += static_cast<std::size_t>(got);
  return got > 0;
}

std::size_t ByteReader::copy(char* into, std::size_t size) {
  const std::size_t count = std::min(size, end_ - at_);
  std::memcpy(into, raw_.data() + at_, count);
  at_ += count;
  return count;
}

std::size_t ByteReader::unpack(char* into, std::size_t size) {
  if (member_ == Member::ended && raw_[at_] != '\x1F') throw error_("bytes that are not gzip follow the gzip data");
  stream_->next_in = reinterpret_cast<Bytef*>(raw_.data() + at_);
  stream_->avail_in = static_cast<uInt>(end_ - at_);
  stream_->next_out = reinterpret_cast<Bytef*>(into);
  stream_->avail_out = static_cast<uInt>(size);
  const int code = inflate(stream_.get(), Z_NO_FLUSH);
  at_ = end_ - stream_->avail_in;
  if (code == Z_STREAM_END) {
    member_ = Member::ended;
    inflateReset(stream_.get());
  } else if (code == Z_OK) {
    member_ = Member::begun;
  } else {
    throw error_(fmt::format("the gzip data are damaged ({})", zError(code)));
  }
  return size - stream_->avail_out;
}

}  // namespace gradus::data
