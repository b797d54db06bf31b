#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gradus/train/config.h>
#include <gradus/train/memory_estimate.h>

#include "program.h"
#include "scaled.h"

// The estimate of memory before training, and the memory that training takes.
namespace gradus::train_memory_estimate_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using data::EncodedPair;
using data::Scratch;
using namespace train;

RunConfig config_of(const std::string& model) {
  RunConfig config = resolve({.assignments = {{"model.name", model},
                                              {"model.bidirectional", "false"},
                                              {"model.attentional", "false"},
                                              {"data.task", "copy"}}});
  config.model.source_vocab = config.model.target_vocab = 54;
  return config;
}

std::vector<EncodedPair> pairs_of(std::size_t count, std::size_t source, std::size_t target) {
  return std::vector<EncodedPair>(count,
                                  EncodedPair{std::vector<data::Id>(source, 5), std::vector<data::Id>(target, 5)});
}

/// The largest resident memory of the program in bytes, and its messages.
std::pair<double, std::string> peak_of(const Scratch& scratch, const std::string& arguments) {
  const std::string command =
      "cd " + scratch.folder().string() + " && exec " + program() + " " + arguments + " > out 2> err";
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  REQUIRE(::wait4(child, &status, 0, &usage) == child);
  const std::string messages = data::contents(scratch.folder() / "err");
  INFO(messages);
  REQUIRE(status == 0);
  return {1024.0 * static_cast<double>(usage.ru_maxrss), messages};
}

/// The number of megabytes in the note about memory.
double noted(const std::string& messages) {
  const std::size_t at = messages.find("note: about ");
  REQUIRE(at != std::string::npos);
  return 1e6 * std::stod(messages.substr(at + 12));
}

}  // namespace

TEST_CASE("the estimate of memory is within a factor of two of the peak, for each model") {
  if (sanitizers::watching) return;  // they have memory of their own
  const Scratch scratch;
  std::string text;
  for (int i = 0; i < 64; ++i) {
    for (int side = 0; side < 2; ++side) {
      for (int k = 0; k < 40; ++k) text += static_cast<char>('a' + (i + k * (side + 1)) % 26);
      text += side == 0 ? '\t' : '\n';
    }
  }
  scratch.write("t.tsv", text);
  scratch.write("v.tsv", "a\tb\n");
  const std::string common =
      " --train t.tsv --valid v.tsv --steps 2 --threads 2 --overwrite --out run --set data.target_tokens=characters "
      "--set "
      "train.batch=64 --set decode.max_length=2 --set model.max_length=64 --set model.dim=64 --set model.hidden=128";
  for (const char* model : {"rnn", "rnn --set model.cell=lstm --set model.bidirectional=true", "rnn-attention",
                            "rnn-attention --set model.alignment=qkv", "attention", "transformer",
                            "transformer --set train.accumulate=4"}) {
    INFO(model);
    const auto [peak, messages] = peak_of(scratch, std::string("train --model ") + model + common);
    const double estimate = noted(messages);
    CHECK(estimate < 2 * peak);
    CHECK(estimate > peak / 2);
    CHECK_THAT(messages, ContainsSubstring(" for a batch of 64 pairs of up to 41 source and 41 target tokens"));
  }
}

TEST_CASE("the estimate of memory follows the widest batch and the parts that run together") {
  const RunConfig config = config_of("rnn-attention");
  std::vector<EncodedPair> pairs = pairs_of(200, 10, 10);
  const auto bytes = [&](const RunConfig& c, int threads) {
    return estimate_memory(c, 1000, pairs, threads).value().bytes;
  };
  const double short_pairs = bytes(config, 2);
  pairs.push_back(pairs_of(1, 100, 80).front());
  const MemoryEstimate found = estimate_memory(config, 1000, pairs, 2).value();
  CHECK(found.source == 101);
  CHECK(found.target == 81);
  CHECK(found.pairs <= config.train.batch);
  CHECK(found.bytes > 2 * short_pairs);
  CHECK(bytes(config, 1) < bytes(config, 2));
  CHECK(bytes(config, 8) == bytes(config, 2));
  RunConfig parts = config;
  parts.train.accumulate = 4;
  CHECK(bytes(parts, 2) < bytes(config, 1));
  RunConfig averages = config;
  averages.train.average = 0.9;
  CHECK(bytes(averages, 2) == Approx(bytes(config, 2) + 4000));
  CHECK_FALSE(estimate_memory(config, 1000, {}, 2).has_value());
}

TEST_CASE("training that cannot fit into memory is refused with the way out") {
  const MemoryEstimate estimate{.bytes = 4e9, .pairs = 1, .source = 900, .target = 1000};
  CHECK(check_memory(estimate, 4e9, "x") ==
        "note: about 4.0 GB of memory for a batch of 1 pair of up to 900 source and 1000 target tokens");
  CHECK_THAT(
      check_memory(estimate, 2.5e9, "the limit of the control group"),
      ContainsSubstring("target tokens, and the process can get 2.5 GB (the limit of the control group): it may not "
                        "fit; make train.batch, data.max_tokens or the model smaller"));
  CHECK_THROWS_WITH(check_memory(estimate, 1e8, "the free memory of the machine"),
                    ContainsSubstring("training needs about 4.0 GB of memory for a batch of 1 pair") &&
                        ContainsSubstring("and the process can get 100 MB (the free memory of the machine): make ") &&
                        EndsWith("raise train.accumulate, which computes a batch in parts"));
}

}  // namespace gradus::train_memory_estimate_test
