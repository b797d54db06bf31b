#pragma once

#include <string>

#include <gradus/train/ranks.h>

// The processes that mpirun or srun started together with this one.
namespace gradus::cli {

/// The ranks of this program; null: this process alone.
train::Ranks* ranks();

/// Whether this process writes files and results: all but one rank are silent.
bool writes();

/// Joins the ranks if a launcher started several. Throws UsageError when the command, the first argument, runs in one
/// process only, and Error when gradus was built without MPI. Sets the number of threads so that the ranks of this
/// machine share its processors, and lets ranks wait for each other without a limit.
void join_launch(int argc, const char* const* argv);

/// Prints a note if the ranks of this machine have more threads than it has processors for them.
void note_crowded();

/// Reports an error of this rank, or of all ranks once, and ends all ranks. Returns the exit code if all have it.
int end_launch(int code, const std::string& message);

/// Ends all ranks, if there are several, without a message.
void abort_launch(int code);

/// Leaves the ranks.
void leave_launch();

}  // namespace gradus::cli
