#include <gradus/autograd/foundation/parallel.h>

#include <fmt/format.h>
#include <pthread.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <gradus/autograd/foundation/internal/restore.h>
#include <gradus/autograd/foundation/internal/sanitizers.h>
#include <gradus/autograd/foundation/thread_modes.h>

namespace gradus {

namespace {

// The order of tasks of TBB, which ThreadSanitizer does not detect: all run between the construction and the
// destruction of this object.
class TaskOrder {
 public:
  TaskOrder() { sanitizers::happens(&begin_); }
  ~TaskOrder() { sanitizers::comes_after(&end_); }
  TaskOrder(const TaskOrder&) = delete;
  TaskOrder& operator=(const TaskOrder&) = delete;

  template <class F>
  void run(F task) {
    sanitizers::comes_after(&begin_);
    const Done done{&end_};  // also by an exception
    task();
  }

 private:
  struct Done {
    void* moment;
    ~Done() { sanitizers::happens(moment); }
  };
  char begin_, end_;
};

// Threads wait here until all of them have arrived, or until 100 ms pass without an arrival.
class Meeting {
 public:
  explicit Meeting(int all) : missing_(all) {}
  void arrive_and_wait() {
    std::unique_lock lock(mutex_);
    if (--missing_ <= 0) here_.notify_all();
    for (int before = missing_ + 1; missing_ > 0 && missing_ < before;) {
      before = missing_;
      here_.wait_for(lock, std::chrono::milliseconds(100), [&] { return missing_ <= 0; });
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable here_;
  int missing_;
};

// Throws when the system does not start n threads like TBB's. TBB itself would end the program.
void check_threads(int n) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, tbb::global_control::active_value(tbb::global_control::thread_stack_size));
  std::mutex held;
  const auto wait = [](void* mutex) -> void* {
    const std::lock_guard lock(*static_cast<std::mutex*>(mutex));
    return nullptr;
  };
  std::vector<pthread_t> started;
  int problem = 0;
  {
    const std::lock_guard lock(held);
    started.reserve(static_cast<std::size_t>(n));
    while (problem == 0 && std::ssize(started) < n) {
      pthread_t thread;
      problem = pthread_create(&thread, &attributes, wait, &held);
      if (problem == 0) started.push_back(thread);
    }
  }
  for (const pthread_t thread : started) pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  if (problem != 0) {
    throw Error(
        fmt::format("{} threads cannot be started, only {} ({}): set fewer, or raise the limits of processes and "
                    "memory",
                    n + 1, started.size() + 1, std::strerror(problem)));
  }
}

// Starts all threads at once, so that none has to start later, when memory may be short.
struct Pool {
  tbb::global_control control;

  explicit Pool(int n) : control(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(n)) {
    if (n == 1) return;
    Meeting meeting(n);
    TaskOrder order;
    const auto attend = [&](int) { order.run([&] { meeting.arrive_and_wait(); }); };
    tbb::task_arena(n).execute([&] { tbb::parallel_for(0, n, attend, tbb::simple_partitioner()); });
  }
};

struct State {
  std::mutex mutex;
  std::optional<Pool> pool;
  std::atomic<int> count{0};  // 0: not started
};
State& state() {
  static State s;
  return s;
}

// A thread has its own arena: while it waits for its pieces, it runs no pieces of other threads.
tbb::task_arena& own_arena() {
  thread_local std::optional<tbb::task_arena> arena;
  if (!arena || arena->max_concurrency() != threads()) arena.emplace(threads());
  return *arena;
}

thread_local bool inside_piece = false;

}  // namespace

void set_threads(int n) {
  if (n < 0 || n > 1024) throw Error(fmt::format("threads is {}, expected 0 (one per processor) to 1024", n));
  if (n == 0) n = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (n == s.count) return;
  check_threads(n - 1);
  s.pool.reset();
  s.pool.emplace(n);
  s.count = n;
}

int threads() {
  if (state().count == 0) set_threads(0);
  return state().count;
}

bool in_shard() { return thread_modes.in_shard; }

void detail::run_pieces(Index n, Index grain, BodyPointer body) {
  if (grain < 1) throw Error(fmt::format("parallel_for: the grain is {}, expected at least 1", grain));
  if (n <= 0) return;
  if (n <= grain) return body.call(body.object, 0, n);
  const Index count = (n - 1) / grain + 1;
  const auto piece = [&](Index k) {
    const Index begin = k * grain;
    body.call(body.object, begin, grain < n - begin ? begin + grain : n);
  };
  if (in_shard() || threads() == 1) {
    for (Index k = 0; k < count; ++k) piece(k);
    return;
  }
  TaskOrder order;
  const auto watched = [&](Index k) {
    order.run([&] {
      const Restore restore(inside_piece);
      inside_piece = true;
      piece(k);
    });
  };
  const auto run = [&] {
    tbb::this_task_arena::isolate([&] { tbb::parallel_for(Index{0}, count, watched, tbb::simple_partitioner()); });
  };
  inside_piece ? run() : own_arena().execute(run);
}

void run_shards(Index n, const std::function<void(Index)>& shard) {
  if (!shard) throw Error("run_shards: the function is empty");
  auto run = [&](Index k) {
    const Restore restore(thread_modes);
    const bool inside = n > 1 || in_shard();
    thread_modes = {};
    thread_modes.in_shard = inside;
    shard(k);
  };
  parallel_each(n, 1, run);
}

}  // namespace gradus
