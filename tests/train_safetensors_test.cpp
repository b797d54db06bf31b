#include "train/safetensors.h"

#include <cstdint>
#include <cstring>

#include "tests/catch.h"
#include "tests/data_scratch.h"
#include "train/file_replacement.h"

namespace gradus::train {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::contents;
using data::Scratch;

std::string file_of(const std::string& header, const std::string& values = "") {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + values;
}

// The reason for which a file of these bytes is refused.
std::string refusal(const std::string& bytes) {
  const Scratch scratch;
  const auto path = scratch.write("hostile.safetensors", bytes);
  try {
    read_safetensors(path);
  } catch (const Error& e) {
    CHECK_THAT(e.what(), ContainsSubstring("hostile.safetensors"));
    return e.what();
  }
  return "accepted";
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

}  // namespace

TEST_CASE("safetensors keep names, shapes, values of every dtype and metadata") {
  const Scratch scratch;
  Safetensors written;
  written.tensors = {{"b.weight", Tensor::from(std::vector<float>{1, -2, 3.5f, 4, 5, 6}, {2, 3})},
                     {"step", Tensor::from(std::vector<Index>{1234567890123}, {})},
                     {"a", Tensor::from(std::vector<double>{0.1, 1e300}, {2, 1})},
                     {"nothing", Tensor::zeros({0, 4})}};
  written.metadata = {{"format", "a \"quoted\" text"}, {"step", "7"}};
  write_safetensors(scratch.folder() / "t", written);
  const Safetensors read = read_safetensors(scratch.folder() / "t");
  CHECK(read.metadata == written.metadata);
  REQUIRE(read.tensors.size() == 4);
  CHECK(read.find("b.weight").to_vector<float>() == written.tensors[0].tensor.to_vector<float>());
  CHECK(read.find("b.weight").shape() == Shape{2, 3});
  CHECK(read.find("step").shape() == Shape{});
  CHECK(read.find("step").item() == 1234567890123.0);
  CHECK(read.find("a").to_vector<double>() == std::vector<double>{0.1, 1e300});
  CHECK(read.find("nothing").shape() == Shape{0, 4});
  CHECK_FALSE(read.find("other").defined());
}

TEST_CASE("a safetensors file has the reference's layout: wide dtypes first, then by name, values aligned") {
  const Scratch scratch;
  write_safetensors(
      scratch.folder() / "t",
      {{{"z", Tensor::ones({1})}, {"n", Tensor::from(std::vector<Index>{3}, {1})}, {"a", Tensor::zeros({1})}}, {}});
  const std::string bytes = contents(scratch.folder() / "t");
  const std::string header = "{" + entry("n", "I64", "[1]", "[0,8]") + "," + entry("a", "F32", "[1]", "[8,12]") + "," +
                             entry("z", "F32", "[1]", "[12,16]") + "}";
  CHECK(bytes.substr(8, header.size()) == header);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  CHECK(length % 8 == 0);
  CHECK(bytes.size() == 8 + length + 16);
}

TEST_CASE("two tensors of one name cannot be written, and the old file stays") {
  const Scratch scratch;
  const auto path = scratch.write("t", "old");
  CHECK_THROWS_WITH(write_safetensors(path, {{{"a", Tensor::ones({1})}, {"a", Tensor::ones({1})}}, {}}),
                    ContainsSubstring("\"a\" is taken"));
  CHECK(contents(path) == "old");
}

TEST_CASE("good safetensors from elsewhere are read: any order of entries, spaces after the header") {
  const Scratch scratch;
  const std::string header =
      "{" + entry("b", "F32", "[1]", "[4,8]") + ", " + entry("a", "F32", "[1]", "[0,4]") + "}   \n ";
  const float values[] = {1, 2};
  const auto path =
      scratch.write("t", file_of(header, std::string(reinterpret_cast<const char*>(values), sizeof values)));
  const Safetensors read = read_safetensors(path);
  CHECK(read.find("a").item() == 1);
  CHECK(read.find("b").item() == 2);
}

TEST_CASE("a hostile safetensors header is refused by its defect, before anything is allocated for it") {
  const std::string four(4, '\0');
  CHECK_THAT(refusal("short"), ContainsSubstring("5 bytes"));
  CHECK_THAT(refusal(std::string(8, '\xff')), ContainsSubstring("more than 100000000"));
  CHECK_THAT(refusal(std::string("\x40\0\0\0\0\0\0\0{}", 10)), ContainsSubstring("claims 64 bytes"));
  CHECK_THAT(refusal(file_of("")), ContainsSubstring("begin with {"));
  CHECK_THAT(refusal(file_of(" {}")), ContainsSubstring("begin with {"));
  CHECK_THAT(refusal(file_of("{")), ContainsSubstring("not JSON"));
  CHECK_THAT(refusal(file_of("{}x")), ContainsSubstring("not JSON"));
  CHECK_THAT(refusal(file_of("{\"\xff\":1}")), ContainsSubstring("not JSON"));
  CHECK_THAT(refusal(file_of(R"({"a":1})")), ContainsSubstring("holds a number"));
  CHECK_THAT(refusal(file_of(R"({"__metadata__":{"a":1}})")), ContainsSubstring("not a string"));
  CHECK_THAT(refusal(file_of(R"({"__metadata__":{"a":"1","a":"2"}})")), ContainsSubstring("occurs twice"));
  CHECK_THAT(refusal(file_of(R"({"a":{"b":{}}})")), ContainsSubstring("unknown key \"b\""));
  CHECK_THAT(refusal(file_of(R"({"a":{"dtype":"F32","shape":[1]}})")), ContainsSubstring("lacks its data_offsets"));
  CHECK_THAT(refusal(file_of(R"({"a":{"dtype":"F32","dtype":"F32"}})")), ContainsSubstring("dtype twice"));
  CHECK_THAT(refusal(file_of(R"({"a":{"dtype":["F32"]}})")), ContainsSubstring("holds a list"));
  const auto one = [&](const char* dtype, const char* shape, const char* offsets) {
    return refusal(file_of("{" + entry("a", dtype, shape, offsets) + "}", four));
  };
  CHECK(one("F32", "[1]", "[0,4]") == "accepted");
  CHECK_THAT(one("BF16", "[2]", "[0,4]"), ContainsSubstring("F32, F64 and I64 can be read"));
  CHECK_THAT(one("F32", "[-1]", "[0,4]"), ContainsSubstring("a negative number"));
  CHECK_THAT(one("F32", "[1.5]", "[0,4]"), ContainsSubstring("not whole"));
  CHECK_THAT(one("F32", "[[1]]", "[0,4]"), ContainsSubstring("a list"));
  CHECK_THAT(one("F32", "[2]", "[0,4]"), ContainsSubstring("takes 8 bytes"));
  CHECK_THAT(one("F32", "[1]", "[0,8]"), ContainsSubstring("not a range inside"));
  CHECK_THAT(one("F32", "[1]", "[4,0]"), ContainsSubstring("not a range inside"));
  CHECK_THAT(one("F32", "[1]", "[0]"), ContainsSubstring("not a range inside"));
  CHECK_THAT(one("F32", "[0]", "[0,0]"), ContainsSubstring("belong to none"));
  CHECK_THAT(one("F32", "[4294967296,4294967296]", "[0,4]"), ContainsSubstring("too large"));
  CHECK_THAT(one("F32", "[18446744073709551616]", "[0,4]"), ContainsSubstring("not whole"));
  CHECK_THAT(one("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), ContainsSubstring("9 axes"));
}

TEST_CASE("safetensors with holes, overlaps or a name twice, also by an escape, are refused") {
  const std::string eight(8, '\0');
  const auto two = [&](const std::string& a, const std::string& b) {
    return refusal(file_of("{" + a + "," + b + "}", eight));
  };
  const std::string first = entry("a", "F32", "[1]", "[0,4]"), second = entry("b", "F32", "[1]", "[4,8]");
  CHECK(two(first, second) == "accepted");
  CHECK_THAT(two(first, entry("a", "F32", "[1]", "[4,8]")), ContainsSubstring("occurs twice"));
  CHECK_THAT(two(first, entry("\\u0061", "F32", "[1]", "[4,8]")), ContainsSubstring("occurs twice"));
  CHECK_THAT(two(first, entry("b", "F32", "[1]", "[0,4]")), ContainsSubstring("overlap"));
  CHECK_THAT(two(entry("a", "F32", "[1]", "[4,8]"), entry("b", "F32", "[0]", "[8,8]")), ContainsSubstring("hole"));
}

TEST_CASE("a missing file and a folder are no safetensors") {
  const Scratch scratch;
  CHECK_THROWS_WITH(read_safetensors(scratch.folder() / "none"), ContainsSubstring("no such file"));
  CHECK_THROWS_WITH(read_safetensors(scratch.folder()), ContainsSubstring("not a regular file"));
}

TEST_CASE("a replaced file has the new contents or the old, and no temporary sibling is left") {
  const Scratch scratch;
  const auto path = scratch.write("f", "old");
  {
    FileReplacement file(path);
    file.write("ne", 2);
    CHECK(contents(path) == "old");
  }
  CHECK(contents(path) == "old");
  replace_file(path, "new");
  CHECK(contents(path) == "new");
  CHECK(std::distance(std::filesystem::directory_iterator(scratch.folder()), {}) == 1);
  CHECK_THROWS_WITH(replace_file(scratch.folder() / "no" / "f", ""),
                    ContainsSubstring("create failed: No such file or directory"));
}

}  // namespace gradus::train
