#include <gradus/autograd/foundation/parallel.h>

#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <memory>
#include <thread>

#include <gradus/autograd/foundation/internal/sanitizers.h>

namespace gradus {

namespace {

struct Pool {
  int count;
  tbb::global_control control;
  tbb::task_arena arena;
  explicit Pool(int n)
      : count(n), control(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(n)), arena(n) {}
};

std::unique_ptr<Pool>& pool() {
  static auto p = std::make_unique<Pool>(static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  return p;
}

thread_local bool inside_shard = false;

}  // namespace

void set_threads(int n) {
  if (n < 0 || n > 1024) throw Error(fmt::format("threads is {}, expected 0 (one per processor) to 1024", n));
  if (n == 0) n = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  if (n == pool()->count) return;
  pool().reset();
  pool() = std::make_unique<Pool>(n);
}

int threads() { return pool()->count; }

bool in_shard() { return inside_shard; }

bool detail::splits(Index pieces) { return pieces > 1 && !inside_shard && threads() > 1; }

void detail::for_pieces(Index pieces, const std::function<void(Index)>& piece) {
  // ThreadSanitizer does not detect the order of TBB's tasks, so these two calls mark it.
  char begin, end;
  struct OnExit {  // also by an exception
    void (*mark)(void*);
    void* moment;
    ~OnExit() { mark(moment); }
  };
  const auto watched = [&](Index k) {
    sanitizers::comes_after(&begin);
    const OnExit done{sanitizers::happens, &end};
    piece(k);
  };
  sanitizers::happens(&begin);
  const OnExit waited{sanitizers::comes_after, &end};
  pool()->arena.execute([&] {
    tbb::this_task_arena::isolate([&] { tbb::parallel_for(Index{0}, pieces, watched, tbb::simple_partitioner()); });
  });
}

void run_shards(Index n, const std::function<void(Index)>& shard) {
  auto run = [&](Index k) {
    struct Flag {
      bool before = inside_shard;
      ~Flag() { inside_shard = before; }
    } flag;
    inside_shard = n > 1;
    shard(k);
  };
  if (!detail::splits(n)) {
    for (Index k = 0; k < n; ++k) run(k);
  } else {
    detail::for_pieces(n, run);
  }
}

}  // namespace gradus
