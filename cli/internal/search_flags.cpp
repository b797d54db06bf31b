#include <gradus/cli/internal/search_flags.h>

#include <limits>

namespace gradus::cli {

void add_search_flags(CLI::App& command, SearchFlags& f, bool sampling) {
  CLI::Option* beam =
      command.add_option("--beam", f.beam, "Number of hypotheses in the beam; 1 is greedy (default: decode.beam)");
  beam->transform(whole_from(1, 1000))->type_name("N");
  command
      .add_option("--length-penalty", f.length_penalty,
                  "Outputs rank by log-probability / length to this power (default: decode.length_penalty)")
      ->check(number_from(0, 10))
      ->type_name("X");
  command
      .add_option("--coverage-penalty", f.coverage_penalty,
                  "Weight of the source tokens that an output leaves out, for models with attention (default: "
                  "decode.coverage_penalty)")
      ->check(number_from(0, 10))
      ->type_name("X");
  CLI::Option* risk =
      command.add_option("--mbr", f.risk_samples,
                         "Draw N outputs at random, and choose the one with the smallest mean edit distance in tokens "
                         "to all of them (minimum Bayes risk)");
  risk->transform(whole_from(1, 10000))->type_name("N")->excludes(beam);
  if (sampling) {
    command.add_option("--sample", f.samples, "Draw N outputs per line at random, in the order of drawing")
        ->transform(whole_from(1, 10000))
        ->type_name("N")
        ->excludes(beam)
        ->excludes(risk);
  }
  command
      .add_option("--temperature", f.temperature,
                  "Drawing: below 1 probable tokens become more probable, above 1 less (default: 1)")
      ->check(number_from(1e-6, 1e6))
      ->type_name("X");
  command.add_option("--top-k", f.top_k, "Drawing: only the K most probable tokens (default: all)")
      ->transform(whole_from(1, std::numeric_limits<std::int32_t>::max()))
      ->type_name("K");
  command
      .add_option("--top-p", f.top_p,
                  "Drawing: only the fewest most probable tokens with this share of the probability (default: 1, all)")
      ->check(number_from(1e-6, 1))
      ->type_name("X");
  command.add_option("--seed", f.seed, "Drawing: other seeds give other outputs (default: 1)")
      ->transform(whole_from(0, std::numeric_limits<std::uint32_t>::max()))
      ->type_name("N");
}

void check_search_flags(const CLI::App& command, const SearchFlags& f) {
  if (f.samples > 0 || f.risk_samples > 0) return;
  const bool sampling = command.get_option_no_throw("--sample") != nullptr;
  for (const char* flag : {"--temperature", "--top-k", "--top-p", "--seed"}) {
    if (command.count(flag) > 0) {
      throw UsageError(fmt::format("{} needs {}, because nothing else is drawn at random", flag,
                                   sampling ? "--sample N or --mbr N" : "--mbr N"));
    }
  }
}

models::DecodeOptions decode_options(const SearchFlags& f, const train::RunConfig& config) {
  return {.beam = f.beam.value_or(config.decode.beam),
          .max_length = config.decode.max_length,
          .length_penalty = f.length_penalty.value_or(config.decode.length_penalty),
          .coverage_penalty = f.coverage_penalty.value_or(config.decode.coverage_penalty),
          .samples = f.samples + f.risk_samples,
          .temperature = f.temperature,
          .top_k = f.top_k,
          .top_p = f.top_p,
          .seed = static_cast<std::uint64_t>(f.seed),
          .minimum_risk = f.risk_samples > 0};
}

void add_runs(CLI::App& command, std::vector<std::string>& runs, std::string& checkpoint) {
  command
      .add_option("--run", runs,
                  "Run directory; given several times, the probabilities of the runs are averaged (ensemble)")
      ->required()
      ->type_name("DIR")
      ->allow_extra_args(false);
  command.add_option("--checkpoint", checkpoint, "best (default) or last")
      ->check(CLI::IsMember({"best", "last"}))
      ->type_name("NAME");
}

}  // namespace gradus::cli
