#include <gradus/files/internal/safetensors_header.h>

#include <fmt/format.h>

#include <set>

#include <gradus/autograd/foundation/types.h>
#include <gradus/files/internal/json.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::files {
namespace {

// `byte` counts from the start of the header; 8 bytes of the file are before it.
std::string not_json(std::size_t byte) { return fmt::format("its header is not JSON at byte {}", byte + 8); }

// Builds the header while it is parsed, and stops at the first defect. The text begins with {, so every later value is
// inside an object.
class HeaderReader : public JsonHandler {
 public:
  explicit HeaderReader(SafetensorsHeader& header) : entries(header.entries), metadata(header.metadata) {}

  std::vector<HeaderEntry>& entries;
  std::map<std::string, std::string>& metadata;
  std::string defect;

  bool other(const char* what) override { return refuse(what); }

  bool whole(std::uint64_t value) override {
    if (place_ != Place::list) return refuse("a number");
    list_->push_back(value);
    if (key_ == "shape" && std::ssize(*list_) > Shape::max_rank)
      return fail(fmt::format("tensor {} has more than {} axes", in_quotes(entries.back().name), Shape::max_rank));
    if (key_ != "shape" && list_->size() > 2)
      return fail(fmt::format("tensor {} has more than two data_offsets", in_quotes(entries.back().name)));
    return true;
  }

  bool string(const std::string& value) override {
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

  bool start_object() override {
    switch (place_) {
      case Place::outside:
        place_ = Place::top;
        return true;
      case Place::top:
        place_ = key_ == metadata_key ? Place::metadata : Place::tensor;
        if (place_ == Place::tensor) {
          entries.emplace_back().name = key_;
          has_dtype_ = has_shape_ = has_offsets_ = false;
        }
        return true;
      default:
        return refuse("an object");
    }
  }

  bool end_object() override {
    if (place_ == Place::tensor) {
      const HeaderEntry& e = entries.back();
      if (!has_dtype_ || !has_shape_ || !has_offsets_) {
        return fail(fmt::format("tensor {} lacks {}", in_quotes(e.name),
                                !has_dtype_   ? "its dtype"
                                : !has_shape_ ? "its shape"
                                              : "its data_offsets"));
      }
    }
    place_ = place_ == Place::top ? Place::outside : Place::top;
    return true;
  }

  bool start_list() override {
    if (place_ != Place::tensor || key_ == "dtype") return refuse("a list");
    list_ = key_ == "shape" ? &entries.back().shape : &entries.back().offsets;
    place_ = Place::list;
    return true;
  }

  bool end_list() override {
    place_ = Place::tensor;
    return true;
  }

  bool key(const std::string& name) override {
    key_ = name;
    switch (place_) {
      case Place::top:
        if (!names_.insert(name).second) return fail(fmt::format("the name {} occurs twice", in_quotes(name)));
        return true;
      case Place::metadata:
        if (metadata.contains(name)) return fail(fmt::format("the metadata key {} occurs twice", in_quotes(name)));
        return true;
      default:
        return tensor_key(name);
    }
  }

  void error(std::size_t byte) override { fail(not_json(byte)); }

 private:
  enum class Place { outside, top, metadata, tensor, list };

  bool fail(std::string what) {
    defect = std::move(what);
    return false;
  }

  bool refuse(const char* what) {
    if (place_ == Place::metadata)
      return fail(fmt::format("the metadata of {} is {}, not a string", in_quotes(key_), what));
    return fail(fmt::format("the header's entry {} holds {}",
                            in_quotes(place_ == Place::top ? key_ : entries.back().name), what));
  }

  bool tensor_key(const std::string& name) {
    const HeaderEntry& e = entries.back();
    bool* seen = name == "dtype"          ? &has_dtype_
                 : name == "shape"        ? &has_shape_
                 : name == "data_offsets" ? &has_offsets_
                                          : nullptr;
    if (seen == nullptr)
      return fail(fmt::format("tensor {} has the unknown key {}", in_quotes(e.name), in_quotes(name)));
    if (*seen) return fail(fmt::format("tensor {} has {} twice", in_quotes(e.name), name));
    *seen = true;
    return true;
  }

  Place place_ = Place::outside;
  std::string key_;
  std::vector<std::uint64_t>* list_ = nullptr;
  std::set<std::string> names_;
  bool has_dtype_ = false, has_shape_ = false, has_offsets_ = false;  // of the last entry
};

}  // namespace

std::string read_header_text(const std::string& text, SafetensorsHeader& header) {
  // The parser would stop at a NUL.
  if (const std::size_t nul = text.find('\0'); nul != std::string::npos) return not_json(nul);
  HeaderReader reader(header);
  return read_json(text, reader) ? std::string() : reader.defect;
}

std::string in_quotes(const std::string& name) { return fmt::format("\"{}\"", shown(name)); }

}  // namespace gradus::files
