#include <unistd.h>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <map>
#include <sstream>

#include <gradus/files/safetensors.h>
#include <gradus/train/run_directory.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::files::files_safetensors_test {
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

// The reason for refusing a file of these bytes.
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

TEST_CASE("safetensors preserve names, shapes, values of every dtype and metadata") {
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

TEST_CASE("safetensors that could not be read again are not written, and the old file stays") {
  const Scratch scratch;
  const auto path = scratch.write("t", "old");
  const Tensor one = Tensor::ones({1});
  const std::vector<std::pair<Safetensors, std::string>> all{
      {{{{"\xff", one}}, {}}, "the name \"\\xFF\" is not UTF-8"},
      {{{}, {{"\xff", "v"}}}, "the metadata key \"\\xFF\" is not UTF-8"},
      {{{}, {{"k", "a\xff"}}}, "the metadata value \"a\\xFF\" is not UTF-8"},
      {{{{"a", one}}, {{"crc32/a", "hello"}}}, "the metadata key \"crc32/a\" is that of a checksum"},
  };
  for (const auto& [contents, words] : all)
    CHECK_THROWS_WITH(write_safetensors(path, contents), ContainsSubstring(words));
  CHECK(data::contents(path) == "old");
  write_safetensors(path, {{{"a", one}}, {{"crc32/b", "kept"}}});
  CHECK(read_safetensors(path).metadata.at("crc32/b") == "kept");
}

TEST_CASE("valid safetensors of other programs are read: any order of entries, spaces after the header") {
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

TEST_CASE("values of narrow dtypes are read as the same numbers in a wider one, with their original dtype") {
  const auto read = [](const char* dtype, Index count, const std::string& bytes) {
    const std::string offsets = "[0," + std::to_string(bytes.size()) + "]";
    std::istringstream in(file_of("{" + entry("a", dtype, "[" + std::to_string(count) + "]", offsets) + "}", bytes));
    const std::uint64_t size = in.str().size();
    const Safetensors file = read_safetensors(in, size, "f");
    CHECK(file.tensors.front().widened_from == dtype);
    return file.tensors.front().tensor;
  };
  const auto words = [](std::initializer_list<std::uint16_t> values) {
    std::string bytes;
    for (const std::uint16_t v : values) bytes += {static_cast<char>(v & 0xFF), static_cast<char>(v >> 8)};
    return bytes;
  };
  constexpr float infinity = std::numeric_limits<float>::infinity();
  // Zero, one, -2, the largest, the smallest normal, the largest and smallest subnormal numbers, infinity.
  CHECK(read("F16", 8, words({0, 0x3C00, 0xC000, 0x7BFF, 0x0400, 0x03FF, 0x8001, 0xFC00})).to_vector<float>() ==
        std::vector<float>{0, 1, -2, 65504, 0x1p-14f, 0x1p-14f - 0x1p-24f, -0x1p-24f, -infinity});
  CHECK(std::isnan(read("F16", 1, words({0x7E00})).item()));
  CHECK(std::signbit(read("F16", 1, words({0x8000})).item()));
  CHECK(read("BF16", 3, words({0x3F80, 0xC0A0, 0x7F80})).to_vector<float>() == std::vector<float>{1, -5, infinity});
  CHECK(read("I32", 1, "\xFE\xFF\xFF\xFF").to_vector<Index>() == std::vector<Index>{-2});
  CHECK(read("U32", 1, "\xFE\xFF\xFF\xFF").to_vector<Index>() == std::vector<Index>{4294967294});
  CHECK(read("I16", 2, words({0xFFFF, 7})).to_vector<Index>() == std::vector<Index>{-1, 7});
  CHECK(read("U16", 2, words({0xFFFF, 7})).to_vector<Index>() == std::vector<Index>{65535, 7});
  CHECK(read("I8", 2, "\xFF\x07").to_vector<Index>() == std::vector<Index>{-1, 7});
  CHECK(read("U8", 2, "\xFF\x07").to_vector<Index>() == std::vector<Index>{255, 7});
  CHECK(read("BOOL", 2, std::string("\x01\0", 2)).to_vector<Index>() == std::vector<Index>{1, 0});
  const std::string many(50000, '\x02');
  CHECK(read("U8", 50000, many).to_vector<Index>() == std::vector<Index>(50000, 2));
}

TEST_CASE("a long list in a safetensors header uses no memory beyond its valid entries") {
  CHECK_THAT(refusal(file_of(R"({"a":{"shape":[0,0,0,0,0,0,0,0,0,not JSON)")), ContainsSubstring("more than 8 axes"));
  CHECK_THAT(refusal(file_of(R"({"a":{"data_offsets":[0,0,0,not JSON)")),
             ContainsSubstring("more than two data_offsets"));
}

TEST_CASE("a hostile safetensors header is refused with its defect, before any allocation for it") {
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
  CHECK_THAT(one("F8_E5M2", "[4]", "[0,4]"),
             ContainsSubstring("tensor \"a\" has dtype \"F8_E5M2\"; these can be read: F32"));
  CHECK_THAT(one("BF16", "[4]", "[0,4]"), ContainsSubstring("takes 8 bytes"));
  CHECK_THAT(one("F32", "[-1]", "[0,4]"), ContainsSubstring("a negative number"));
  CHECK_THAT(one("F32", "[1.5]", "[0,4]"), ContainsSubstring("not whole"));
  CHECK_THAT(one("F32", "[[1]]", "[0,4]"), ContainsSubstring("a list"));
  CHECK_THAT(one("F32", "[2]", "[0,4]"), ContainsSubstring("takes 8 bytes"));
  CHECK_THAT(one("F32", "[1]", "[0,8]"), ContainsSubstring("not a range inside"));
  CHECK_THAT(one("F32", "[1]", "[4,0]"), ContainsSubstring("not a range inside"));
  CHECK_THAT(one("F32", "[1]", "[0]"), ContainsSubstring("not a range inside"));
  CHECK_THAT(one("F32", "[1]", "[0,4,4]"), ContainsSubstring("more than two data_offsets"));
  CHECK_THAT(one("F32", "[0]", "[0,0]"), ContainsSubstring("belong to no tensor"));
  CHECK_THAT(one("F32", "[4294967296,4294967296]", "[0,4]"), ContainsSubstring("too large"));
  CHECK_THAT(one("F32", "[18446744073709551615]", "[0,4]"), ContainsSubstring("too large"));
  CHECK_THAT(one("F32", "[18446744073709551616]", "[0,4]"), ContainsSubstring("not whole"));
  CHECK_THAT(one("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), ContainsSubstring("more than 8 axes"));
}

TEST_CASE("a value of a wrong kind in a safetensors header is refused with kind and position") {
  for (const auto& [value, kind] : std::map<std::string, std::string>{{"null", "null"},
                                                                      {"true", "a boolean"},
                                                                      {"-1", "a negative number"},
                                                                      {"1", "a number"},
                                                                      {"1.5", "a number that is not whole"},
                                                                      {"\"x\"", "a string"},
                                                                      {"[]", "a list"},
                                                                      {"{}", "an object"}}) {
    CAPTURE(value);
    const auto in = [&, v = value](const std::string& before, const std::string& after) {
      return refusal(file_of("{" + before + v + after + "}"));
    };
    if (kind != "an object") CHECK_THAT(in("\"a\":", ""), ContainsSubstring("entry \"a\" holds " + kind));
    if (kind != "a string") {
      CHECK_THAT(in("\"a\":{\"dtype\":", "}"), ContainsSubstring("entry \"a\" holds " + kind));
      CHECK_THAT(in("\"__metadata__\":{\"k\":", "}"), ContainsSubstring("metadata of \"k\" is " + kind));
    }
    if (kind != "a list") CHECK_THAT(in("\"a\":{\"shape\":", "}"), ContainsSubstring("entry \"a\" holds " + kind));
    if (kind != "a number") CHECK_THAT(in("\"a\":{\"shape\":[", "]}"), ContainsSubstring("entry \"a\" holds " + kind));
  }
}

TEST_CASE("a missing or duplicate key in a safetensors header is refused by name") {
  const auto in = [](const std::string& keys) { return refusal(file_of(R"({"a":{)" + keys + "}}")); };
  CHECK_THAT(in(""), ContainsSubstring("lacks its dtype"));
  CHECK_THAT(in(R"("dtype":"F32")"), ContainsSubstring("lacks its shape"));
  CHECK_THAT(in(R"("shape":[],"shape":[])"), ContainsSubstring("shape twice"));
  CHECK_THAT(in(R"("data_offsets":[],"data_offsets":[])"), ContainsSubstring("data_offsets twice"));
}

TEST_CASE("names in errors about safetensors have limited length and no control characters") {
  const std::string refused = refusal(file_of("{\"\\u001b[2J" + std::string(100000, 'x') + "\":1}"));
  CHECK(refused.size() < 400);
  CHECK_THAT(refused, ContainsSubstring("\"\\x1B[2Jxxx") && ContainsSubstring("xxx...\""));
}

TEST_CASE("a safetensors file that shrinks while it is read is refused") {
  std::string bytes = file_of("{" + entry("a", "F32", "[2]", "[0,8]") + "}", std::string(8, '\0'));
  const std::uint64_t size = bytes.size();
  for (const std::size_t cut : {std::size_t{4}, std::size_t{20}, bytes.size() - 1}) {
    std::istringstream in(bytes.substr(0, cut));
    CHECK_THROWS_WITH(read_safetensors(in, size, "f"), ContainsSubstring("it could not be read to its end"));
  }
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

TEST_CASE("a NUL does not end a safetensors header: text behind it is not ignored") {
  const Scratch scratch;
  for (const std::string& behind :
       {std::string("\0", 1), std::string("\0garbage}{", 10), std::string("\0{\"a\":1}", 8)}) {
    const auto path = scratch.write("t", file_of("{}" + behind));
    CHECK_THROWS_WITH(read_safetensors(path), ContainsSubstring("its header is not JSON at byte 10"));
  }
}

TEST_CASE("safetensors that cannot be opened are refused") {
  const Scratch scratch;
  const auto path = scratch.write("t", file_of("{}"));
  const auto closed = scratch.folder() / "closed";
  std::filesystem::create_directory(closed);
  std::filesystem::permissions(closed, std::filesystem::perms::none);
  std::filesystem::permissions(path, std::filesystem::perms::none);
  std::filesystem::permissions(scratch.folder(), std::filesystem::perms::all);
  const uid_t user = ::geteuid();
  constexpr uid_t nobody = 65534;
  if (user == 0 && ::seteuid(nobody) != 0) {  // root can open every file
    WARN("not tried: root cannot become another user here");
    return;
  }
  CHECK_THROWS_WITH(read_safetensors(path), ContainsSubstring("t: cannot be opened: Permission denied"));
  CHECK_THROWS_WITH(read_safetensors(closed / "t"), ContainsSubstring("closed/t: cannot be opened: Permission denied"));
  CHECK_THROWS_WITH(train::RunDirectory::open(closed / "run"),
                    ContainsSubstring("closed/run: cannot be read: Permission denied"));
  REQUIRE(::seteuid(user) == 0);
  std::filesystem::permissions(path, std::filesystem::perms::all);
  CHECK(read_safetensors(path).tensors.empty());
}

TEST_CASE("a missing file and a folder are refused as safetensors") {
  const Scratch scratch;
  CHECK_THROWS_WITH(read_safetensors(scratch.folder() / "none"), ContainsSubstring("No such file"));
  CHECK_THROWS_WITH(read_safetensors(scratch.folder()), ContainsSubstring("not a regular file"));
}

TEST_CASE("a changed bit in values with a checksum is refused by the name of the tensor") {
  const Scratch scratch;
  const auto path = scratch.folder() / "t";
  Safetensors written;
  written.tensors = {{"b", Tensor::from(std::vector<float>{1, -2, 3}, {3})},
                     {"a", Tensor::from(std::vector<Index>{5, 6}, {2})},
                     {"none", Tensor::zeros({0})}};
  written.metadata = {{"crc32/other", "x"}, {"step", "7"}};
  written.checksums = true;
  write_safetensors(path, written);
  const Safetensors read = read_safetensors(path);
  CHECK(read.checksums);
  CHECK(read.metadata == written.metadata);
  write_safetensors(scratch.folder() / "again", read);
  const std::string good = contents(path);
  CHECK(contents(scratch.folder() / "again") == good);
  CHECK_THAT(good, ContainsSubstring(R"("crc32/none":"00000000")"));

  const std::size_t values = good.size() - 28;  // "a" has 16 bytes, then "b" has 12
  for (std::size_t bit = 0; bit < 28 * 8; ++bit) {
    std::string bad = good;
    bad[values + bit / 8] = static_cast<char>(bad[values + bit / 8] ^ (1 << bit % 8));
    const std::string name = bit < 16 * 8 ? "\"a\"" : "\"b\"";
    CHECK_THAT(refusal(bad), ContainsSubstring("the values of tensor " + name + " are damaged: their CRC-32 is "));
  }

  // A file of another program, whose dtype is narrower.
  const auto half = [](const std::string& sum) {
    return file_of(R"({"__metadata__":{"crc32/h":")" + sum + R"("},)" + entry("h", "F16", "[2]", "[0,4]") + "}",
                   std::string("\x00\x3C\x00\xC4", 4));
  };
  const Safetensors wide = read_safetensors(scratch.write("half", half("903cc541")));
  CHECK(wide.checksums);
  CHECK(wide.find("h").to_vector<float>() == std::vector<float>{1, -4});
  for (const char* sum : {"903cc540", "", "903CC541"})
    CHECK_THAT(refusal(half(sum)), ContainsSubstring("the values of tensor \"h\" are damaged"));

  written.checksums = false;
  write_safetensors(path, written);
  CHECK_FALSE(read_safetensors(path).checksums);
  CHECK_THAT(contents(path), !ContainsSubstring("crc32/a"));
}

}  // namespace gradus::files::files_safetensors_test
