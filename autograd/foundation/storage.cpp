#include <gradus/autograd/foundation/storage.h>

#include <new>

#include <gradus/autograd/foundation/memory.h>

namespace gradus {

namespace {

constexpr std::size_t header_bytes = (sizeof(Storage) + 63) / 64 * 64;

// A small storage has its header and bytes in one block.
bool beside(std::size_t bytes) { return bytes <= 256; }
std::size_t block_bytes(std::size_t bytes) { return beside(bytes) ? header_bytes + bytes : header_bytes; }

}  // namespace

Ref<Storage> Storage::make(std::size_t bytes) {
  void* header = memory::allocate(block_bytes(bytes));
  try {
    void* data = beside(bytes) ? static_cast<char*>(header) + header_bytes : memory::allocate(bytes);
    return Ref<Storage>::adopt(new (header) Storage(bytes, data));
  } catch (...) {
    memory::release(header, block_bytes(bytes));
    throw;
  }
}

void Storage::free_bytes() {
  if (!beside(bytes_)) memory::release(data_, bytes_);
  data_ = nullptr;
  weak_release();
}

void Storage::weak_release() {
  if (weak_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    const std::size_t bytes = block_bytes(bytes_);
    this->~Storage();
    memory::release(this, bytes);
  }
}

}  // namespace gradus
