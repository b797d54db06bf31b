#pragma once

#include <map>
#include <optional>
#include <string>

#include <gradus/autograd/foundation/types.h>
#include <gradus/train/config.h>
#include <gradus/train/run_directory.h>

namespace gradus::train {

/// How and where a run was started. No result depends on it.
struct Provenance {
  std::string command;   // the command line, in words of a shell
  std::string folder;    // the current folder
  std::string program;   // "gradus 0.1.0"
  std::string compiler,  ///< version of the compiler that built the program
      system,            ///< the operating system and its release
      processor;         ///< its model, or else the architecture
  Index processors = 0,  ///< that can run threads at the same time
      threads = 0;       ///< threads()
  std::string blas;      // OpenBLAS's kernels
  std::string started;   // "2026-11-26 15:04:05 UTC"
  Origins origins;       // of the settings; those without an entry had their defaults

  bool operator==(const Provenance&) const = default;  // the same in all fields
};

/// This machine, at this time.
Provenance provenance_here();

/// Writes provenance.json of the run. Throws Error when a write fails.
void write_provenance(const RunDirectory& directory, const Provenance& provenance);

/// The provenance of a run; nothing for a run without the file. Throws Error when the file is not JSON, or is a link or
/// the like. Unknown names are ignored, so that later versions can add some.
std::optional<Provenance> read_provenance(const RunDirectory& directory);
/// The same from the text of the file; `name` is its name in messages.
Provenance read_provenance(const std::string& text, const std::string& name);

}  // namespace gradus::train
