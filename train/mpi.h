#pragma once

#include <memory>
#include <string>

#include <gradus/train/ranks.h>

namespace gradus::train {

/// Whether gradus was built with MPI (-DGRADUS_MPI=ON).
bool has_mpi();

/// The number of processes that mpirun, mpiexec or srun started together with this one, from the environment: 1 when it
/// was started alone, and 0 when the launcher does not say it.
Index launched_ranks();

/// The rank of this process among them, from the environment; 0 when the launcher does not say it.
Index launched_rank();

/// The name of this machine.
std::string host_name();

/// Joins the ranks that a launcher of MPI started. Call it once, at the start of a program; the destructor leaves them.
/// Without a launcher there is one rank. Throws Error when gradus was built without MPI and there are several.
std::unique_ptr<Ranks> join_ranks();

/// Ends the processes of all ranks with this exit code, after an error of this rank alone.
[[noreturn]] void abort_ranks(int code);

/// Whether all ranks call this within the seconds. For an error that may be that of all.
bool all_ranks_call(Ranks& ranks, double seconds);

}  // namespace gradus::train
