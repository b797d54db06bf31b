#pragma once

#include <cstring>
#include <string>
#include <vector>

#include <gradus/autograd/engine/tensor.h>

namespace gradus::train {

/// Values as bytes, for another rank of the same program.
class ByteWriter {
 public:
  std::string bytes;

  template <class T>
  void number(T value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  template <class T>
  void list(const std::vector<T>& values) {
    number(std::ssize(values));
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }
  void text(const std::string& text) {
    number(std::ssize(text));
    bytes.append(text);
  }
  /// It may be undefined.
  void tensor(const Tensor& t) {
    number(t.defined() ? static_cast<int>(t.dtype()) : -1);
    if (!t.defined()) return;
    list(std::vector<Index>(t.shape().begin(), t.shape().end()));
    if (t.dtype() == DType::i64)
      list(t.to_vector<Index>());
    else
      dispatch_floating(t.dtype(), [&](auto zero) { list(t.to_vector<decltype(zero)>()); });
  }
};

/// Reads them in the order in which they were written.
class ByteReader {
 public:
  explicit ByteReader(const std::string& bytes) : bytes_(bytes) {}

  bool ended() const { return at_ == bytes_.size(); }
  template <class T>
  T number() {
    T value{};
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  template <class T>
  std::vector<T> list() {
    std::vector<T> values(static_cast<std::size_t>(number<Index>()));
    if (!values.empty()) std::memcpy(values.data(), bytes_.data() + at_, values.size() * sizeof(T));
    at_ += values.size() * sizeof(T);
    return values;
  }
  std::string text() {
    const auto size = static_cast<std::size_t>(number<Index>());
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  Tensor tensor() {
    const int kind = number<int>();
    if (kind < 0) return {};
    const auto dtype = static_cast<DType>(kind);
    const std::vector<Index> extents = list<Index>();
    const Shape shape(extents.begin(), extents.end());
    if (dtype == DType::i64) return Tensor::from(list<Index>(), shape);
    return dispatch_floating(dtype, [&](auto zero) { return Tensor::from(list<decltype(zero)>(), shape); });
  }

 private:
  const std::string& bytes_;
  std::size_t at_ = 0;
};

}  // namespace gradus::train
