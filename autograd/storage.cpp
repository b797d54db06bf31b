#include "autograd/storage.h"

#include <new>

#include "autograd/memory.h"

namespace gradus {

namespace {
constexpr std::size_t header_bytes = sizeof(Storage);
}

Storage::Storage(std::size_t bytes) : bytes_(bytes), data_(memory::allocate(bytes)) {}

Ref<Storage> Storage::make(std::size_t bytes) {
  void* header = memory::allocate(header_bytes);
  try {
    return Ref<Storage>::adopt(new (header) Storage(bytes));
  } catch (...) {
    memory::release(header, header_bytes);
    throw;
  }
}

void Storage::free_bytes() {
  memory::release(data_, bytes_);
  data_ = nullptr;
  weak_release();
}

void Storage::weak_release() {
  if (weak_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    this->~Storage();
    memory::release(this, header_bytes);
  }
}

}  // namespace gradus
