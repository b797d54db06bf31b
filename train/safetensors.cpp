#include <gradus/train/safetensors.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <set>

#include <gradus/data/internal/utf8.h>
#include <gradus/train/internal/file_replacement.h>

namespace gradus::train {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian; so must be the machine");

constexpr std::uint64_t longest_header = 100'000'000;
constexpr const char* metadata_key = "__metadata__";

const char* format_name(DType t) { return t == DType::f32 ? "F32" : t == DType::f64 ? "F64" : "I64"; }

float from_bits(std::uint32_t bits) { return std::bit_cast<float>(bits); }

// IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits.
float from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 0x1F, fraction = half & 0x3FFu;
  if (exponent == 0) return from_bits(sign | std::bit_cast<std::uint32_t>(static_cast<float>(fraction) * 0x1p-24f));
  return from_bits(sign | (exponent == 0x1F ? 0xFFu : exponent + 112) << 23 | fraction << 13);
}

float from_bfloat(std::uint16_t b) { return from_bits(std::uint32_t{b} << 16); }

// Values of a narrow dtype, side by side in `bytes`, as the wider ones of a tensor.
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

// A dtype of the format, and the tensor's that holds its values.
struct Format {
  const char* name;
  std::uint64_t size;  // bytes a value
  DType dtype;
  void (*widen)(const char* bytes, std::size_t count, void* into);  // null: values are stored as they are held
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

std::string shown(const std::string& name) { return fmt::format("\"{}\"", data::shown(name)); }

std::string not_json(std::size_t byte) { return fmt::format("its header is not JSON at byte {}", byte); }

struct Entry {
  std::string name;
  std::string dtype;
  std::vector<std::uint64_t> shape, offsets;
  bool has_dtype = false, has_shape = false, has_offsets = false;
};

// Takes the header apart as it is parsed. Nothing nests deeper than a tensor's shape, so neither does the parser.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
  std::string defect;

  // The text begins with {, so that every value but the first stands in an object.
  bool null() override { return refuse("null"); }
  bool boolean(bool) override { return refuse("a boolean"); }
  bool number_integer(number_integer_t) override { return refuse("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return refuse("a number that is not whole"); }
  bool binary(binary_t&) override { return refuse("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::list) return refuse("a number");
    list_->push_back(value);
    if (key_ == "shape" && std::ssize(*list_) > Shape::max_rank)
      return fail(fmt::format("tensor {} has more than {} axes", shown(entries.back().name), Shape::max_rank));
    if (key_ != "shape" && list_->size() > 2)
      return fail(fmt::format("tensor {} has more than two data_offsets", shown(entries.back().name)));
    return true;
  }

  bool string(string_t& value) override {
    if (place_ == Place::metadata) {
      metadata[key_] = value;
      return true;
    }
    if (place_ == Place::tensor && key_ == "dtype") {
      entries.back().dtype = value;
      return true;
    }
    return refuse("a string");
  }

  bool start_object(std::size_t) override {
    switch (place_) {
      case Place::outside:
        place_ = Place::top;
        return true;
      case Place::top:
        place_ = key_ == metadata_key ? Place::metadata : Place::tensor;
        if (place_ == Place::tensor) {
          entries.emplace_back();
          entries.back().name = key_;
        }
        return true;
      default:
        return refuse("an object");
    }
  }

  bool end_object() override {
    if (place_ == Place::tensor) {
      const Entry& e = entries.back();
      if (!e.has_dtype || !e.has_shape || !e.has_offsets) {
        return fail(fmt::format("tensor {} lacks {}", shown(e.name),
                                !e.has_dtype   ? "its dtype"
                                : !e.has_shape ? "its shape"
                                               : "its data_offsets"));
      }
    }
    place_ = place_ == Place::top ? Place::outside : Place::top;
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::tensor || key_ == "dtype") return refuse("a list");
    list_ = key_ == "shape" ? &entries.back().shape : &entries.back().offsets;
    place_ = Place::list;
    return true;
  }

  bool end_array() override {
    place_ = Place::tensor;
    return true;
  }

  bool key(string_t& name) override {
    key_ = name;
    switch (place_) {
      case Place::top:
        if (!names_.insert(name).second) return fail(fmt::format("the name {} occurs twice", shown(name)));
        return true;
      case Place::metadata:
        if (metadata.contains(name)) return fail(fmt::format("the metadata key {} occurs twice", shown(name)));
        return true;
      default:
        return tensor_key(name);
    }
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return fail(not_json(position + 8));
  }

 private:
  enum class Place { outside, top, metadata, tensor, list };

  bool fail(std::string what) {
    defect = std::move(what);
    return false;
  }

  bool refuse(const char* what) {
    if (place_ == Place::metadata)
      return fail(fmt::format("the metadata of {} is {}, not a string", shown(key_), what));
    return fail(
        fmt::format("the header's entry {} holds {}", shown(place_ == Place::top ? key_ : entries.back().name), what));
  }

  bool tensor_key(const std::string& name) {
    Entry& e = entries.back();
    bool* seen = name == "dtype"          ? &e.has_dtype
                 : name == "shape"        ? &e.has_shape
                 : name == "data_offsets" ? &e.has_offsets
                                          : nullptr;
    if (seen == nullptr) return fail(fmt::format("tensor {} has the unknown key {}", shown(e.name), shown(name)));
    if (*seen) return fail(fmt::format("tensor {} has {} twice", shown(e.name), name));
    *seen = true;
    return true;
  }

  Place place_ = Place::outside;
  std::string key_;
  std::vector<std::uint64_t>* list_ = nullptr;
  std::set<std::string> names_;
};

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
      if (p.format->widen == nullptr) {
        get(bytes_for_writing(tensor), static_cast<std::size_t>(p.end - p.begin));
        result.tensors.push_back({p.name, tensor});
      } else {
        get_widened(tensor, *p.format);
        result.tensors.push_back({p.name, tensor, p.format->name});
      }
    }
    return result;
  }

 private:
  [[noreturn]] void refuse(const std::string& defect) const {
    throw Error(fmt::format("{}: not a good safetensors file: {}", name_, defect));
  }

  void get(void* into, std::size_t bytes) {
    if (bytes == 0) return;
    in_.read(static_cast<char*>(into), static_cast<std::streamsize>(bytes));
    if (!in_) refuse("it could not be read to its end");
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
    // The parser takes a NUL for the end.
    if (const std::size_t nul = text.find('\0'); nul != std::string::npos) refuse(not_json(nul + 8));
    if (!nlohmann::json::sax_parse(text, &header_)) refuse(header_.defect);
    return 8 + length;
  }

  std::vector<Planned> check(std::uint64_t data_bytes) const {
    std::vector<Planned> plan;
    plan.reserve(header_.entries.size());
    for (const Entry& e : header_.entries) plan.push_back(check(e, data_bytes));
    std::stable_sort(plan.begin(), plan.end(), [](const Planned& a, const Planned& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::uint64_t at = 0;
    for (const Planned& p : plan) {
      if (p.begin != at) {
        refuse(fmt::format("the values of tensor {} begin at {}, expected {}: they {}", shown(p.name), p.begin, at,
                           p.begin < at ? "overlap others" : "leave a hole"));
      }
      at = p.end;
    }
    if (at != data_bytes) refuse(fmt::format("{} bytes after the last tensor belong to none", data_bytes - at));
    return plan;
  }

  Planned check(const Entry& e, std::uint64_t data_bytes) const {
    const Format* format =
        std::find_if(std::begin(formats), std::end(formats), [&](const Format& f) { return e.dtype == f.name; });
    if (format == std::end(formats)) {
      throw Error(fmt::format("{}: tensor {} has dtype {}; these can be read: {}", name_, shown(e.name), shown(e.dtype),
                              format_names()));
    }
    if (e.offsets.size() != 2 || e.offsets[0] > e.offsets[1] || e.offsets[1] > data_bytes) {
      refuse(fmt::format("the data_offsets of tensor {} are not a range inside the file", shown(e.name)));
    }
    Planned p{e.name, {}, format, e.offsets[0], e.offsets[1]};
    std::uint64_t bytes = format->size;
    constexpr std::uint64_t most = std::numeric_limits<Index>::max();
    for (std::uint64_t extent : e.shape) {
      if (extent > most || (extent != 0 && bytes > most / extent)) {
        refuse(fmt::format("the shape of tensor {} is too large", shown(e.name)));
      }
      bytes *= extent;
      p.shape.push_back(static_cast<Index>(extent));
    }
    if (bytes != p.end - p.begin) {
      refuse(fmt::format("tensor {} of {} {} takes {} bytes, its data_offsets give {}", shown(e.name), e.dtype,
                         to_string(p.shape), bytes, p.end - p.begin));
    }
    return p;
  }

  const std::string& name_;
  std::uint64_t size_;
  std::istream& in_;
  HeaderReader header_;
};

}  // namespace

Tensor Safetensors::find(const std::string& name) const {
  for (const NamedTensor& t : tensors)
    if (t.name == name) return t.tensor;
  return {};
}

void write_safetensors(const std::filesystem::path& path, const Safetensors& contents) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& t : contents.tensors) order.push_back(&t);
  std::sort(order.begin(), order.end(), [](const NamedTensor* a, const NamedTensor* b) {
    return std::pair(b->tensor.dtype(), std::string_view(a->name)) <
           std::pair(a->tensor.dtype(), std::string_view(b->name));
  });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!contents.metadata.empty()) header[metadata_key] = contents.metadata;
  std::set<std::string_view> names{metadata_key};
  std::size_t at = 0;
  for (const NamedTensor* t : order) {
    if (!names.insert(t->name).second) {
      throw Error(fmt::format("cannot write {}: the name {} is taken", path.string(), shown(t->name)));
    }
    const std::size_t end = at + bytes_in(t->tensor);
    const Shape& shape = t->tensor.shape();
    nlohmann::ordered_json& entry = header[t->name];
    entry["dtype"] = format_name(t->tensor.dtype());
    entry["shape"] = std::vector<Index>(shape.begin(), shape.end());
    entry["data_offsets"] = std::vector<std::size_t>{at, end};
    at = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');

  FileReplacement file(path);
  const std::uint64_t length = text.size();
  file.write(&length, sizeof length);
  file.write(text.data(), text.size());
  for (const NamedTensor* t : order) file.write(bytes_of(t->tensor), bytes_in(t->tensor));
  file.commit();
}

Safetensors read_safetensors(const std::filesystem::path& path) {
  const std::string name = path.string();
  std::error_code problem;
  const std::filesystem::file_status status = std::filesystem::status(path, problem);
  if (status.type() == std::filesystem::file_type::none) {
    throw Error(fmt::format("{}: cannot be opened: {}", name, problem.message()));
  }
  if (!std::filesystem::exists(status)) throw Error(fmt::format("{}: no such file", name));
  if (!std::filesystem::is_regular_file(status)) throw Error(fmt::format("{}: not a regular file", name));
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) throw Error(fmt::format("{}: cannot be opened: {}", name, std::strerror(errno)));
  const auto size = static_cast<std::uint64_t>(in.tellg());
  return read_safetensors(in.seekg(0), size, name);
}

Safetensors read_safetensors(std::istream& in, std::uint64_t size, const std::string& name) {
  return Reader(in, size, name).read();
}

}  // namespace gradus::train
