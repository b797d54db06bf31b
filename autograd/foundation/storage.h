#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/ref.h>

namespace gradus {

/// The bytes of one or more tensors. `version` counts writes after construction, to detect that a saved value was
/// overwritten. The header outlives the bytes while a WeakStorage refers to it.
class Storage {
 public:
  /// Uninitialised bytes, aligned to 64; see memory::allocate for the padding past their end.
  static Ref<Storage> make(std::size_t bytes);

  void* data() const { return data_; }          // the first byte
  std::size_t bytes() const { return bytes_; }  // number of bytes
  /// Number of writes since construction.
  std::uint32_t version() const { return version_.load(std::memory_order_relaxed); }
  /// Reports a write. A storage has one writer at a time.
  void count_write(const Place& place) {
    last_write_ = place;
    version_.store(version() + 1, std::memory_order_relaxed);  // a storage has one writer at a time
  }
  /// The place of the last write that was counted.
  const Place& last_write() const { return last_write_; }
  /// Whether the bytes are those of a leaf of a graph, such as a parameter, and of its parts.
  bool holds_leaf() const { return holds_leaf_; }
  void mark_leaf() { holds_leaf_ = true; }
  /// Whether there is only one reference.
  bool unique() const { return strong_.load(std::memory_order_acquire) == 1; }

  /// Count the references, for Ref. The last release frees the bytes.
  void retain() { strong_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (strong_.fetch_sub(1, std::memory_order_acq_rel) == 1) free_bytes();
  }

 private:
  friend class WeakStorage;
  Storage(std::size_t bytes, void* data) : bytes_(bytes), data_(data) {}
  void free_bytes();
  void weak_release();

  std::atomic<std::uint32_t> strong_{1}, weak_{1}, version_{0};
  std::size_t bytes_;
  void* data_;
  Place last_write_;
  bool holds_leaf_ = false;
};

/// Detects writes to a storage since construction of this object, without keeping its bytes.
class WeakStorage {
 public:
  WeakStorage() = default;
  /// Detects writes to s, which is not null, from now on. A copy detects the same ones.
  explicit WeakStorage(Storage* s) : s_(s), version_(s->version()) {
    s_->weak_.fetch_add(1, std::memory_order_relaxed);
  }
  WeakStorage(WeakStorage&& o) noexcept : s_(std::exchange(o.s_, nullptr)), version_(o.version_) {}
  WeakStorage(const WeakStorage& o) : s_(o.s_), version_(o.version_) {
    if (s_) s_->weak_.fetch_add(1, std::memory_order_relaxed);
  }
  WeakStorage& operator=(WeakStorage o) noexcept {
    std::swap(s_, o.s_);
    std::swap(version_, o.version_);
    return *this;
  }
  /// Frees the header if nothing else refers to it.
  ~WeakStorage() {
    if (s_) s_->weak_release();
  }

  /// Whether the storage was written to since construction.
  bool overwritten() const { return s_ && s_->version() != version_; }
  /// The place of the last write; only for a storage.
  const Place& last_write() const { return s_->last_write(); }

 private:
  Storage* s_ = nullptr;
  std::uint32_t version_ = 0;
};

}  // namespace gradus
