#include <gradus/autograd/foundation/internal/blas.h>

#include <fmt/format.h>

#include <dlfcn.h>
#include <sys/mman.h>
#include <array>
#include <condition_variable>
#include <cstdlib>
#include <mutex>

#include <gradus/autograd/foundation/internal/sanitizers.h>
#include <gradus/autograd/foundation/memory.h>

namespace gradus::blas {

namespace {

enum { row_major = 101, no_trans = 111, trans = 112 };  // the constants of CBLAS

template <class T>
using Gemm = void (*)(int, int, int, int, int, int, T, const T*, int, const T*, int, T, T*, int);

// The best kernel for this CPU, or null to let OpenBLAS choose.
const char* best_kernel() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq"))
    return "SkylakeX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return nullptr;
}

struct Library {
  Gemm<float> sgemm;
  Gemm<double> dgemm;
  void* (*take_buffer)(int);
  void (*give_back_buffer)(void*);
  Description description;

  Library() {
    description.chosen_by = "OPENBLAS_CORETYPE";
    const bool users_choice = std::getenv("OPENBLAS_CORETYPE") != nullptr;
    if (!users_choice) {
      const char* kernel = best_kernel();
      description.chosen_by = kernel ? "gradus" : "OpenBLAS";
      if (kernel) setenv("OPENBLAS_CORETYPE", kernel, 1);
    }
    const char* threads = std::getenv("OPENBLAS_NUM_THREADS");
    const std::string users_threads = threads ? threads : "";
    setenv("OPENBLAS_NUM_THREADS", "1", 1);  // gradus cuts products among threads itself
    void* handle = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!handle)
      throw Error(fmt::format("OpenBLAS cannot be loaded: {}; install libopenblas0 (Debian, Ubuntu)", dlerror()));
    if (!users_choice) unsetenv("OPENBLAS_CORETYPE");
    if (threads)
      setenv("OPENBLAS_NUM_THREADS", users_threads.c_str(), 1);
    else
      unsetenv("OPENBLAS_NUM_THREADS");
    sgemm = find<Gemm<float>>(handle, "cblas_sgemm");
    dgemm = find<Gemm<double>>(handle, "cblas_dgemm");
    take_buffer = find<void* (*)(int)>(handle, "blas_memory_alloc");
    give_back_buffer = find<void (*)(void*)>(handle, "blas_memory_free");
    find<void (*)(int)>(handle, "openblas_set_num_threads")(1);
    description.kernel = find<char* (*)()>(handle, "openblas_get_corename")();
    description.config = find<char* (*)()>(handle, "openblas_get_config")();
    Dl_info info{};
    if (dladdr(reinterpret_cast<void*>(sgemm), &info) && info.dli_fname) description.library = info.dli_fname;
  }

  template <class F>
  static F find(void* handle, const char* symbol) {
    void* p = dlsym(handle, symbol);
    if (!p)
      throw Error(fmt::format("libopenblas.so.0 has no function {}; install libopenblas0 (Debian, Ubuntu)", symbol));
    return reinterpret_cast<F>(p);
  }
};

const Library& library() {
  static const Library l;
  return l;
}

// OpenBLAS maps a buffer for each product that runs at the same time. It keeps the buffers, and tries for ever when it
// cannot map one. So one is added only when there is room, and products wait for each other when there is none.
class Buffers {
 public:
  /// Waits for a buffer. Throws OutOfMemory when not even one can be mapped.
  void take() {
    std::unique_lock lock(mutex_);
    if (busy_ == mapped_ && !full_) add(lock);
    changed_.wait(lock, [&] { return busy_ < mapped_ && !adding_; });
    ++busy_;
  }
  void give_back() {
    const std::lock_guard lock(mutex_);
    --busy_;
    changed_.notify_all();
  }

 private:
  // No product runs meanwhile, so that OpenBLAS maps exactly one buffer.
  void add(std::unique_lock<std::mutex>& lock) {
    changed_.wait(lock, [&] { return !adding_; });
    adding_ = true;
    changed_.wait(lock, [&] { return busy_ == 0; });
    full_ = mapped_ == most || !has_room();
    if (!full_) {
      std::array<void*, most> all;
      ++mapped_;
      for (std::size_t i = 0; i < mapped_; ++i) all[i] = library().take_buffer(0);
      for (std::size_t i = 0; i < mapped_; ++i) library().give_back_buffer(all[i]);
    }
    adding_ = false;
    changed_.notify_all();
    if (mapped_ > 0) return;
    full_ = false;
    throw OutOfMemory("a buffer of OpenBLAS", bytes);
  }

  static bool can_map() {
    void* p = mmap(nullptr, bytes + margin, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p != MAP_FAILED && munmap(p, bytes + margin) == 0;
  }
  static bool has_room() {
    if (can_map()) return true;
    memory::trim();
    return can_map();
  }

  static constexpr std::size_t most = 64;  // OpenBLAS has room for twice its largest number of threads
  static constexpr std::size_t bytes = std::size_t{1} << 27;   // on 64-bit x86 and ARM
  static constexpr std::size_t margin = std::size_t{1} << 24;  // for the other threads

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t mapped_ = 0, busy_ = 0;
  bool adding_ = false, full_ = false;
};

Buffers& buffers() {
  static Buffers b;
  return b;
}

template <class T>
void watch(Transpose a_op, Transpose b_op, Index m, Index n, Index k, const T* a, Index lda, const T* b, Index ldb,
           T* c, Index ldc) {
  const bool a_turned = a_op == Transpose::yes, b_turned = b_op == Transpose::yes;
  for (Index i = 0; i < (a_turned ? k : m); ++i) sanitizers::reads(a + i * lda, a_turned ? m : k);
  for (Index i = 0; i < (b_turned ? n : k); ++i) sanitizers::reads(b + i * ldb, b_turned ? k : n);
  for (Index i = 0; i < m; ++i) sanitizers::writes(c + i * ldc, n);
}

template <class T>
void call(Gemm<T> gemm, Transpose a_op, Transpose b_op, Index m, Index n, Index k, T alpha, const T* a, Index lda,
          const T* b, Index ldb, T beta, T* c, Index ldc) {
  if constexpr (sanitizers::watching) watch(a_op, b_op, m, n, k, a, lda, b, ldb, c, ldc);
  struct Buffer {
    Buffer() { buffers().take(); }
    ~Buffer() { buffers().give_back(); }
  } const buffer;
  auto code = [](Transpose t) { return static_cast<int>(t == Transpose::yes ? trans : no_trans); };
  gemm(row_major, code(a_op), code(b_op), static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), alpha, a,
       static_cast<int>(lda), b, static_cast<int>(ldb), beta, c, static_cast<int>(ldc));
}

}  // namespace

void gemm(Transpose a_op, Transpose b_op, Index m, Index n, Index k, float alpha, const float* a, Index lda,
          const float* b, Index ldb, float beta, float* c, Index ldc) {
  call(library().sgemm, a_op, b_op, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
void gemm(Transpose a_op, Transpose b_op, Index m, Index n, Index k, double alpha, const double* a, Index lda,
          const double* b, Index ldb, double beta, double* c, Index ldc) {
  call(library().dgemm, a_op, b_op, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

Description describe() { return library().description; }

}  // namespace gradus::blas
