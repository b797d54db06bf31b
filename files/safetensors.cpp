#include <gradus/files/safetensors.h>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <istream>
#include <limits>
#include <set>

#include <gradus/files/internal/crc32.h>
#include <gradus/files/internal/file_replacement.h>
#include <gradus/files/internal/json.h>
#include <gradus/files/internal/regular_input.h>
#include <gradus/files/internal/safetensors_header.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::files {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian; so must be the machine");

constexpr std::uint64_t longest_header = 100'000'000;

std::string checksum_key(const std::string& name) { return "crc32/" + name; }
std::string checksum_text(std::uint32_t sum) { return fmt::format("{:08x}", sum); }

const char* format_name(DType t) { return t == DType::f32 ? "F32" : t == DType::f64 ? "F64" : "I64"; }

float from_bits(std::uint32_t bits) { return std::bit_cast<float>(bits); }

// IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits.
float from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 0x1F, fraction = half & 0x3FFu;
  if (exponent == 0) return from_bits(sign | std::bit_cast<std::uint32_t>(static_cast<float>(fraction) * 0x1p-24f));
  return from_bits(sign | (exponent == 0x1F ? 0xFFu : exponent + 112) << 23 | fraction << 13);
}

float from_bfloat(std::uint16_t b) { return from_bits(std::uint32_t{b} << 16); }

// Converts the values in `bytes` to the wider dtype of a tensor.
template <class From, class To, To (*value)(From)>
void widen(const char* bytes, std::size_t count, void* into) {
  for (std::size_t i = 0; i < count; ++i) {
    From narrow;
    std::memcpy(&narrow, bytes + i * sizeof(From), sizeof(From));
    static_cast<To*>(into)[i] = value(narrow);
  }
}

template <class From>
Index whole(From value) {
  return static_cast<Index>(value);
}

// A dtype of the format, and the dtype of the tensor that holds its values.
struct Format {
  const char* name;
  std::uint64_t size;  // bytes per value
  DType dtype;
  void (*widen)(const char* bytes, std::size_t count, void* into);  // null: same dtype
};

constexpr Format formats[] = {
    {"F32", 4, DType::f32, nullptr},
    {"F64", 8, DType::f64, nullptr},
    {"I64", 8, DType::i64, nullptr},
    {"F16", 2, DType::f32, widen<std::uint16_t, float, from_half>},
    {"BF16", 2, DType::f32, widen<std::uint16_t, float, from_bfloat>},
    {"I32", 4, DType::i64, widen<std::int32_t, Index, whole>},
    {"U32", 4, DType::i64, widen<std::uint32_t, Index, whole>},
    {"I16", 2, DType::i64, widen<std::int16_t, Index, whole>},
    {"U16", 2, DType::i64, widen<std::uint16_t, Index, whole>},
    {"I8", 1, DType::i64, widen<std::int8_t, Index, whole>},
    {"U8", 1, DType::i64, widen<std::uint8_t, Index, whole>},
    {"BOOL", 1, DType::i64, widen<std::uint8_t, Index, whole>},
};

std::string format_names() {
  std::vector<const char*> names;
  for (const Format& f : formats) names.push_back(f.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

const void* bytes_of(const Tensor& t) {
  return dispatch(t.dtype(), [&](auto zero) -> const void* { return t.data<decltype(zero)>(); });
}

void* bytes_for_writing(Tensor& t) {
  return dispatch(t.dtype(), [&](auto zero) -> void* { return t.mutable_data<decltype(zero)>(); });
}

std::size_t bytes_in(const Tensor& t) { return static_cast<std::size_t>(t.numel() * size_of(t.dtype())); }

struct Planned {
  std::string name;
  Shape shape;
  const Format* format;
  std::uint64_t begin, end;
};

class Reader {
 public:
  Reader(std::istream& in, std::uint64_t size, const std::string& name) : name_(name), size_(size), in_(in) {}

  Safetensors read() {
    const std::uint64_t data_start = read_header();
    Safetensors result;
    result.metadata = std::move(header_.metadata);
    const std::vector<Planned> plan = check(size_ - data_start);
    result.tensors.reserve(plan.size());
    for (const Planned& p : plan) {
      Tensor tensor = Tensor::empty(p.shape, p.format->dtype);
      sum_ = 0;
      if (p.format->widen == nullptr) {
        get(bytes_for_writing(tensor), static_cast<std::size_t>(p.end - p.begin));
        result.tensors.push_back({p.name, tensor});
      } else {
        get_widened(tensor, *p.format);
        result.tensors.push_back({p.name, tensor, p.format->name});
      }
      if (const auto checksum = result.metadata.extract(checksum_key(p.name))) {
        check_sum(p.name, checksum.mapped());
        result.checksums = true;
      }
    }
    return result;
  }

 private:
  [[noreturn]] void refuse(const std::string& defect) const {
    throw Error(fmt::format("{}: not a valid safetensors file: {}", name_, defect));
  }

  void get(void* into, std::size_t bytes) {
    if (bytes == 0) return;
    in_.read(static_cast<char*>(into), static_cast<std::streamsize>(bytes));
    if (!in_) refuse("it could not be read to its end");
    sum_ = crc32(sum_, into, bytes);
  }

  void check_sum(const std::string& tensor, const std::string& expected) const {
    if (expected == checksum_text(sum_)) return;
    throw Error(fmt::format("{}: the values of tensor {} are damaged: their CRC-32 is {}, the file's metadata have {}",
                            name_, in_quotes(tensor), checksum_text(sum_), in_quotes(expected)));
  }

  void get_widened(Tensor& tensor, const Format& format) {
    constexpr std::size_t most = 16384;  // values at once
    std::string bytes;
    char* into = static_cast<char*>(bytes_for_writing(tensor));
    for (auto left = static_cast<std::size_t>(tensor.numel()); left > 0;) {
      const std::size_t count = std::min(left, most);
      bytes.resize(count * format.size);
      get(bytes.data(), bytes.size());
      format.widen(bytes.data(), count, into);
      into += count * static_cast<std::size_t>(size_of(format.dtype));
      left -= count;
    }
  }

  std::uint64_t read_header() {
    if (size_ < 8) refuse(fmt::format("it has {} bytes, less than the 8 of a header's length", size_));
    std::uint64_t length = 0;
    get(&length, 8);
    if (length > longest_header)
      refuse(fmt::format("its header claims {} bytes, more than {}", length, longest_header));
    if (length > size_ - 8) refuse(fmt::format("its header claims {} bytes, the file has {}", length, size_));
    std::string text(static_cast<std::size_t>(length), '\0');
    get(text.data(), text.size());
    if (text.empty() || text.front() != '{') refuse("its header does not begin with {");
    if (const std::string defect = read_header_text(text, header_); !defect.empty()) refuse(defect);
    return 8 + length;
  }

  std::vector<Planned> check(std::uint64_t data_bytes) const {
    std::vector<Planned> plan;
    plan.reserve(header_.entries.size());
    for (const HeaderEntry& e : header_.entries) plan.push_back(check(e, data_bytes));
    std::stable_sort(plan.begin(), plan.end(), [](const Planned& a, const Planned& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::uint64_t at = 0;
    for (const Planned& p : plan) {
      if (p.begin != at) {
        refuse(fmt::format("the values of tensor {} begin at {}, expected {}: they {}", in_quotes(p.name), p.begin, at,
                           p.begin < at ? "overlap others" : "leave a hole"));
      }
      at = p.end;
    }
    if (at != data_bytes) refuse(fmt::format("{} bytes after the last tensor belong to no tensor", data_bytes - at));
    return plan;
  }

  Planned check(const HeaderEntry& e, std::uint64_t data_bytes) const {
    const Format* format =
        std::find_if(std::begin(formats), std::end(formats), [&](const Format& f) { return e.dtype == f.name; });
    if (format == std::end(formats)) {
      throw Error(fmt::format("{}: tensor {} has dtype {}; these can be read: {}", name_, in_quotes(e.name),
                              in_quotes(e.dtype), format_names()));
    }
    if (e.offsets.size() != 2 || e.offsets[0] > e.offsets[1] || e.offsets[1] > data_bytes)
      refuse(fmt::format("the data_offsets of tensor {} are not a range inside the file", in_quotes(e.name)));
    Planned p{e.name, {}, format, e.offsets[0], e.offsets[1]};
    std::uint64_t bytes = format->size;
    constexpr std::uint64_t most = std::numeric_limits<Index>::max();
    for (std::uint64_t extent : e.shape) {
      if (extent > most || (extent != 0 && bytes > most / extent))
        refuse(fmt::format("the shape of tensor {} is too large", in_quotes(e.name)));
      bytes *= extent;
      p.shape.push_back(static_cast<Index>(extent));
    }
    if (bytes != p.end - p.begin) {
      refuse(fmt::format("tensor {} of {} {} takes {} bytes, its data_offsets give {}", in_quotes(e.name), e.dtype,
                         to_string(p.shape), bytes, p.end - p.begin));
    }
    return p;
  }

  const std::string& name_;
  std::uint64_t size_;
  std::istream& in_;
  std::uint32_t sum_ = 0;  // CRC-32 of the bytes of the current tensor
  SafetensorsHeader header_;
};

// Throws unless the header can have the text.
void check_text(const std::filesystem::path& path, const char* what, const std::string& text) {
  if (find_invalid_utf8(text) != std::string_view::npos)
    throw Error(fmt::format("cannot write {}: {} {} is not UTF-8", path.string(), what, in_quotes(text)));
}

void check_header(const std::filesystem::path& path, const Safetensors& contents) {
  for (const auto& [key, value] : contents.metadata) {
    check_text(path, "the metadata key", key);
    check_text(path, "the metadata value", value);
  }
  for (const NamedTensor& t : contents.tensors) {
    check_text(path, "the name", t.name);
    if (!contents.metadata.contains(checksum_key(t.name))) continue;
    throw Error(fmt::format("cannot write {}: the metadata key {} is that of a checksum; set checksums to write them",
                            path.string(), in_quotes(checksum_key(t.name))));
  }
}

std::string metadata_text(const std::map<std::string, std::string>& metadata) {
  std::vector<std::string> fields;
  for (const auto& [key, value] : metadata)
    fields.push_back(fmt::format("{}:{}", json_string(key), json_string(value)));
  return fmt::format("\"{}\":{{{}}}", metadata_key, fmt::join(fields, ","));
}

}  // namespace

Tensor Safetensors::find(const std::string& name) const {
  for (const NamedTensor& t : tensors)
    if (t.name == name) return t.tensor;
  return {};
}

void write_safetensors(const std::filesystem::path& path, const Safetensors& contents) {
  check_header(path, contents);
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& t : contents.tensors) order.push_back(&t);
  std::sort(order.begin(), order.end(), [](const NamedTensor* a, const NamedTensor* b) {
    return std::pair(b->tensor.dtype(), std::string_view(a->name)) <
           std::pair(a->tensor.dtype(), std::string_view(b->name));
  });

  std::map<std::string, std::string> metadata = contents.metadata;
  if (contents.checksums)
    for (const NamedTensor* t : order)
      metadata[checksum_key(t->name)] = checksum_text(crc32(0, bytes_of(t->tensor), bytes_in(t->tensor)));
  std::vector<std::string> entries;
  if (!metadata.empty()) entries.push_back(metadata_text(metadata));
  std::set<std::string_view> names{metadata_key};
  std::size_t at = 0;
  for (const NamedTensor* t : order) {
    if (!names.insert(t->name).second)
      throw Error(fmt::format("cannot write {}: the name {} is taken", path.string(), in_quotes(t->name)));
    const std::size_t end = at + bytes_in(t->tensor);
    const Shape& shape = t->tensor.shape();
    entries.push_back(fmt::format(R"({}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})", json_string(t->name),
                                  format_name(t->tensor.dtype()), fmt::join(shape.begin(), shape.end(), ","), at, end));
    at = end;
  }
  std::string text = fmt::format("{{{}}}", fmt::join(entries, ","));
  text.append((8 - text.size() % 8) % 8, ' ');

  FileReplacement file(path);
  const std::uint64_t length = text.size();
  file.write(&length, sizeof length);
  file.write(text.data(), text.size());
  for (const NamedTensor* t : order) file.write(bytes_of(t->tensor), bytes_in(t->tensor));
  file.commit();
}

Safetensors read_safetensors(const std::filesystem::path& path) {
  RegularInput in(path, Names::any);
  return read_safetensors(in, in.size(), path.string());
}

Safetensors read_safetensors(std::istream& in, std::uint64_t size, const std::string& name) {
  return Reader(in, size, name).read();
}

}  // namespace gradus::files
