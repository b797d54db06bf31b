#include <gradus/train/mpi.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <string_view>

#include <unistd.h>

#ifdef GRADUS_MPI
#include <mpi.h>
#include <chrono>
#include <thread>

#include <gradus/autograd/foundation/internal/stopwatch.h>
#endif

namespace gradus::train {
namespace {

// The number in the first of these variables that is set; -1 when none is.
Index variable(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* text = std::getenv(name);
    if (text == nullptr) continue;
    Index value = -1;
    std::from_chars(text, text + std::strlen(text), value);
    return value;
  }
  return -1;
}

// A process of one rank.
class OneRank final : public Ranks {
 public:
  OneRank() : Ranks(0, 1) {}
  std::unique_ptr<Pending> start_exchange(const Parts& send, const Parts& receive) override {
    std::copy(send.data + send.at[0], send.data + send.at[1], receive.data + receive.at[0]);
    return std::make_unique<Done>();
  }
  std::unique_ptr<Pending> start_spread(const Parts&) override { return std::make_unique<Done>(); }
  std::unique_ptr<Pending> start_sum(Tensor, Index, Index) override { return std::make_unique<Done>(); }

 private:
  struct Done final : Pending {
    bool done() override { return true; }
  };
  std::vector<Index> absent() override { return {}; }
};

}  // namespace

// Open MPI's mpirun, then MPICH's mpiexec and srun --mpi=pmi2, then srun --mpi=pmix, which only Slurm's own variable
// counts.
Index launched_ranks() {
  if (const Index n = variable({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}); n > 0) return n;
  if (std::getenv("PMIX_RANK") == nullptr) return 1;
  return std::max<Index>(0, variable({"SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"}));
}

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

Index launched_rank() { return std::max<Index>(0, variable({"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"})); }

#ifndef GRADUS_MPI

bool has_mpi() { return false; }

std::unique_ptr<Ranks> join_ranks() {
  if (launched_ranks() == 1) return std::make_unique<OneRank>();
  throw Error(
      "several processes were started to train together, but gradus was built without MPI: run "
      "scripts/install-dependencies.sh --mpi, then cmake --preset release -DGRADUS_MPI=ON and cmake --build --preset "
      "release; see docs/scaling.md");
}

void abort_ranks(int code) { std::_Exit(code); }

bool all_ranks_call(Ranks&, double) { return true; }

#else

namespace {

void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw Error(fmt::format("{}: {}", call, std::string_view(text, static_cast<std::size_t>(length))));
}

// A number of bytes or elements as MPI takes it.
int count_of(Index n, const char* what) {
  if (n > std::numeric_limits<int>::max())
    throw Error(fmt::format("{} {} are too many for one message between ranks", n, what));
  return static_cast<int>(n);
}

// Counts and positions as MPI takes them.
struct Layout {
  std::vector<int> counts, at;
  explicit Layout(const Parts& parts) {
    if (!parts.at.empty()) count_of(parts.at.back(), "bytes");
    for (std::size_t i = 0; i + 1 < parts.at.size(); ++i) {
      counts.push_back(static_cast<int>(parts.at[i + 1] - parts.at[i]));
      at.push_back(static_cast<int>(parts.at[i]));
    }
  }
};

class MpiRanks final : public Ranks {
 public:
  MpiRanks(int rank, int size) : Ranks(rank, size), places_(static_cast<std::size_t>(size)) {
    // One communicator per function, because a rank may start an exchange before another has started to spread.
    for (MPI_Comm* comm : {&exchanges_, &spreads_, &sums_, &calls_, &ends_}) {
      check(MPI_Comm_dup(MPI_COMM_WORLD, comm), "MPI_Comm_dup");
      MPI_Comm_set_errhandler(*comm, MPI_ERRORS_RETURN);
    }
    places_ = gather(fmt::format("{}, process {}", host_name(), ::getpid()));
  }
  ~MpiRanks() override {
    int ended = 0;
    MPI_Finalized(&ended);
    if (ended == 0) MPI_Finalize();
  }

  std::string name(Index rank) const override {
    return fmt::format("{} ({})", Ranks::name(rank), places_[static_cast<std::size_t>(rank)]);
  }

  std::unique_ptr<Pending> start_exchange(const Parts& send, const Parts& receive) override {
    auto started = std::make_unique<Started>(send, receive);
    const Layout &from = started->first, &to = started->second;
    check(MPI_Ialltoallv(send.data, from.counts.data(), from.at.data(), MPI_BYTE, receive.data, to.counts.data(),
                         to.at.data(), MPI_BYTE, exchanges_, &started->request),
          "MPI_Ialltoallv");
    return started;
  }
  std::unique_ptr<Pending> start_spread(const Parts& buffer) override {
    auto started = std::make_unique<Started>(buffer, buffer);
    check(MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_BYTE, buffer.data, started->first.counts.data(),
                          started->first.at.data(), MPI_BYTE, spreads_, &started->request),
          "MPI_Iallgatherv");
    return started;
  }
  std::unique_ptr<Pending> start_sum(Tensor values, Index begin, Index end) override {
    auto started = std::make_unique<Started>(Parts{}, Parts{});
    dispatch_floating(values.dtype(), [&](auto zero) {
      using T = decltype(zero);
      T* data = const_cast<T*>(values.data<T>()) + begin;  // shards may write to other parts of the tensor
      check(MPI_Iallreduce(MPI_IN_PLACE, data, count_of(end - begin, "elements"),
                           std::is_same_v<T, float> ? MPI_FLOAT : MPI_DOUBLE, MPI_SUM, sums_, &started->request),
            "MPI_Iallreduce");
    });
    return started;
  }

  /// Whether all ranks reach this within the seconds.
  bool all_end(double seconds) {
    MPI_Request request = MPI_REQUEST_NULL;
    if (MPI_Ibarrier(ends_, &request) != MPI_SUCCESS) return false;
    const Stopwatch waiting;
    for (int done = 0; waiting.seconds() < seconds; std::this_thread::sleep_for(std::chrono::milliseconds(1)))
      if (MPI_Test(&request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS || done != 0) return done != 0;
    return false;
  }

 private:
  struct Started final : Pending {
    Layout first, second;
    MPI_Request request = MPI_REQUEST_NULL;

    Started(const Parts& a, const Parts& b) : first(a), second(b) {}
    bool done() override {
      int flag = 0;
      check(MPI_Test(&request, &flag, MPI_STATUS_IGNORE), "MPI_Test");
      return flag != 0;
    }
  };

  // All ranks wait for each other, so those that run call this at about the same time. Each sends a message to all; the
  // others are absent. The first rank that runs reports them.
  std::vector<Index> absent() override {
    constexpr double answer_seconds = 5, report_seconds = 3;
    const auto n = static_cast<std::size_t>(size());
    std::vector<MPI_Request> sent(n, MPI_REQUEST_NULL), received(n, MPI_REQUEST_NULL);
    std::vector<char> bytes(n);
    const char own = 1;
    for (std::size_t r = 0; r < n; ++r) {
      if (static_cast<Index>(r) == rank()) continue;
      MPI_Isend(&own, 1, MPI_BYTE, static_cast<int>(r), 0, calls_, &sent[r]);
      MPI_Irecv(&bytes[r], 1, MPI_BYTE, static_cast<int>(r), 0, calls_, &received[r]);
    }
    std::vector<Index> ranks;
    const Stopwatch waiting;
    do {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      ranks.clear();
      for (std::size_t r = 0; r < n; ++r) {
        int done = 0;
        MPI_Test(&sent[r], &done, MPI_STATUS_IGNORE);
        MPI_Test(&received[r], &done, MPI_STATUS_IGNORE);
        if (done == 0) ranks.push_back(static_cast<Index>(r));
      }
    } while (!ranks.empty() && waiting.seconds() < answer_seconds);
    Index first = 0;
    while (std::find(ranks.begin(), ranks.end(), first) != ranks.end()) ++first;
    if (first != rank()) std::this_thread::sleep_for(std::chrono::duration<double>(report_seconds));
    return ranks;
  }

  MPI_Comm exchanges_ = MPI_COMM_NULL, spreads_ = MPI_COMM_NULL, sums_ = MPI_COMM_NULL, calls_ = MPI_COMM_NULL,
           ends_ = MPI_COMM_NULL;
  std::vector<std::string> places_;
};

}  // namespace

bool has_mpi() { return true; }

std::unique_ptr<Ranks> join_ranks() {
  if (launched_ranks() == 1) return std::make_unique<OneRank>();
  int provided = 0, rank = 0, size = 0;
  check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_SERIALIZED) throw Error("this MPI cannot be called from several threads in turn");
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return std::make_unique<MpiRanks>(rank, size);
}

void abort_ranks(int code) {
  MPI_Abort(MPI_COMM_WORLD, code);
  std::_Exit(code);
}

bool all_ranks_call(Ranks& ranks, double seconds) {
  auto* own = dynamic_cast<MpiRanks*>(&ranks);
  return own == nullptr || own->all_end(seconds);
}

#endif

}  // namespace gradus::train
