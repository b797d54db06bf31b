#include "train/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "data/utf8.h"
#include "train/file_replacement.h"

namespace gradus::train {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian; so must be the machine");

constexpr std::uint64_t longest_header = 100'000'000;
constexpr const char* metadata_key = "__metadata__";

const char* format_name(DType t) { return t == DType::f32 ? "F32" : t == DType::f64 ? "F64" : "I64"; }

std::optional<DType> dtype_named(const std::string& name) {
  for (DType t : {DType::f32, DType::f64, DType::i64})
    if (name == format_name(t)) return t;
  return std::nullopt;
}

const void* bytes_of(const Tensor& t) {
  return dispatch(t.dtype(), [&](auto zero) -> const void* { return t.data<decltype(zero)>(); });
}

void* bytes_for_writing(Tensor& t) {
  return dispatch(t.dtype(), [&](auto zero) -> void* { return t.mutable_data<decltype(zero)>(); });
}

std::size_t bytes_in(const Tensor& t) { return static_cast<std::size_t>(t.numel() * size_of(t.dtype())); }

std::string shown(const std::string& name) { return fmt::format("\"{}\"", data::shown(name)); }

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
    return fail(fmt::format("its header is not JSON at byte {}", position + 8));
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
  DType dtype;
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
      Tensor tensor = Tensor::empty(p.shape, p.dtype);
      get(bytes_for_writing(tensor), static_cast<std::size_t>(p.end - p.begin));
      result.tensors.push_back({p.name, tensor});
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
    const std::optional<DType> dtype = dtype_named(e.dtype);
    if (!dtype) {
      refuse(fmt::format("tensor {} has dtype {}; F32, F64 and I64 can be read", shown(e.name), shown(e.dtype)));
    }
    if (std::ssize(e.shape) > Shape::max_rank) {
      refuse(fmt::format("tensor {} has {} axes, more than {}", shown(e.name), e.shape.size(), Shape::max_rank));
    }
    if (e.offsets.size() != 2 || e.offsets[0] > e.offsets[1] || e.offsets[1] > data_bytes) {
      refuse(fmt::format("the data_offsets of tensor {} are not a range inside the file", shown(e.name)));
    }
    Planned p{e.name, {}, *dtype, e.offsets[0], e.offsets[1]};
    std::uint64_t bytes = static_cast<std::uint64_t>(size_of(*dtype));
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
  if (!std::filesystem::exists(status)) throw Error(fmt::format("{}: no such file", name));
  if (!std::filesystem::is_regular_file(status)) throw Error(fmt::format("{}: not a regular file", name));
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) throw Error(fmt::format("{}: cannot be opened for reading", name));
  const auto size = static_cast<std::uint64_t>(in.tellg());
  return read_safetensors(in.seekg(0), size, name);
}

Safetensors read_safetensors(std::istream& in, std::uint64_t size, const std::string& name) {
  return Reader(in, size, name).read();
}

}  // namespace gradus::train
