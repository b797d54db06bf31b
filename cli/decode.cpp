#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>

#include <gradus/cli/internal/command.h>
#include <gradus/data/internal/lines.h>
#include <gradus/files/internal/json.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/train/dataset.h>
#include <gradus/train/evaluate.h>
#include <gradus/train/progress.h>
#include <gradus/train/report.h>
#include <gradus/train/run.h>

namespace gradus::cli {
namespace {

using namespace gradus::train;

struct DecodeFlags {
  std::string run, input = "-", checkpoint = "best";
  Index beam = 1, n_best = 1;
  bool attention = false, json = false;
};

struct Source {
  std::string text;  // the whole line
  Index number = 0;  // of the line, from 1
  data::Tokens tokens;
};

// The line as a source. Throws Error with its place when it is not valid text or is too long for the model.
Source read_source(const RunConfig& config, const data::Line& line) {
  const auto refuse = [&line](std::size_t offset, std::string_view reason) {
    throw Error(fmt::format("{}:{}:{}: {}", line.path, line.number, files::column_of(line.text, offset), reason));
  };
  if (const auto flaw = data::flaw_of(line)) refuse(flaw->offset, flaw->reason);
  if (const std::size_t tab = line.text.find('\t'); tab != std::string_view::npos)
    refuse(tab, "a tab; expected only a source per line (cut -f1 extracts it from a file of pairs)");
  Source source{std::string(line.text), line.number, source_tokens(config, line.text)};
  check_length(config.model, std::ssize(source.tokens), fmt::format("{}:{}", line.path, line.number));
  return source;
}

constexpr const char* standard_input = "standard input";

std::vector<Source> read_sources(const RunConfig& config, data::LineReader reader) {
  std::vector<Source> sources;
  data::Line line;
  while (reader.next(line)) sources.push_back(read_source(config, line));
  return sources;
}

std::vector<Source> read_file(const RunConfig& config, const std::string& path) {
  std::vector<Source> sources = read_sources(config, data::LineReader(path));
  if (sources.empty()) throw Error(fmt::format("{}: the file is empty; expected one source per line", path));
  return sources;
}

std::vector<Source> read_stdin(const RunConfig& config) {
  return read_sources(config, data::LineReader(STDIN_FILENO, standard_input));
}

// The next line from a terminal, as soon as it ends.
bool next_line(std::string& line) {
  if (!std::getline(std::cin, line)) return false;
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

class Writer {
 public:
  Writer(const Run& run, const DecodeFlags& flags) : run_(run), flags_(flags) {}

  /// Decodes the sources [first, last) together and prints them in order.
  void write(const Source* first, const Source* last) {
    std::vector<std::vector<Index>> ids;
    for (const Source* s = first; s != last; ++s)
      if (!s->tokens.empty()) ids.push_back(source_ids(run_.source, s->tokens));
    const auto found = models::decode(*run_.model, ids,
                                      {.beam = flags_.beam,
                                       .n_best = flags_.n_best,
                                       .max_length = run_.config.decode.max_length,
                                       .attention_weights = flags_.attention});
    std::vector<models::Hypothesis> of_nothing(1);
    of_nothing.front().finished = true;
    auto hypotheses = found.begin();
    for (const Source* s = first; s != last; ++s) {
      for (const models::Hypothesis& h : s->tokens.empty() ? of_nothing : *hypotheses++) write_hypothesis(*s, h);
    }
    flush_results();
  }

  /// Writes a note on standard error if outputs were cut off since the last one.
  void note_cut_off() {
    if (cut_off_ == 0) return;
    constexpr std::size_t most = 10;
    const std::size_t named = std::min(most, cut_off_lines_.size());
    const auto end = cut_off_lines_.begin() + static_cast<std::ptrdiff_t>(named);
    say_line(
        fmt::format("note: {} of {} outputs {} cut off at decode.max_length = {} (config.toml of the run): line {}{}",
                    cut_off_, outputs_, cut_off_ == 1 ? "is" : "are", run_.config.decode.max_length,
                    fmt::join(cut_off_lines_.begin(), end, ", "), named < cut_off_lines_.size() ? ", ..." : ""));
    outputs_ = cut_off_ = 0;
    cut_off_lines_.clear();
  }

 private:
  void write_hypothesis(const Source& source, const models::Hypothesis& h) {
    ++outputs_;
    if (!h.finished) {
      ++cut_off_;
      if (cut_off_lines_.empty() || cut_off_lines_.back() != source.number) cut_off_lines_.push_back(source.number);
    }
    const data::Tokens output = run_.target.decode(h.ids);
    const std::string text = join(output, target_tokenizer(run_.config));
    if (flags_.json) {
      print_result("{}\n", files::json_line({{"line", source.number},
                                             {"source", source.text},
                                             {"output", text},
                                             {"score", h.score},
                                             {"finished", h.finished}}));
    } else if (flags_.n_best == 1 || source.tokens.empty()) {
      print_result("{}\t{}\n", source.text, text);
    } else {
      print_result("{}\t{}\t{:.4f}\n", source.text, text, h.score);
    }
    if (!h.attention_weights.defined()) return;
    flush_results();
    say(stderr, attention_map(h.attention_weights, source.tokens, output));
  }

  const Run& run_;
  const DecodeFlags& flags_;
  Index outputs_ = 0, cut_off_ = 0;
  std::vector<Index> cut_off_lines_;  // of the sources, each once
};

int decode_run(const DecodeFlags& f) {
  if (f.n_best > f.beam) {
    throw UsageError(
        fmt::format("--n-best {} is more than --beam {}; a beam of N has at most N outputs", f.n_best, f.beam));
  }
  const Run run = load_run(RunDirectory::open(f.run), f.checkpoint == "best" ? Which::best : Which::last);
  Writer writer(run, f);
  if (f.input == "-" && ::isatty(STDIN_FILENO) == 1) {
    Index number = 0;
    for (std::string line; next_line(line);) {
      const Source source = read_source(run.config, {.path = standard_input, .text = line, .number = ++number});
      writer.write(&source, &source + 1);
      writer.note_cut_off();
    }
    return success;
  }
  const std::vector<Source> sources = f.input == "-" ? read_stdin(run.config) : read_file(run.config, f.input);
  constexpr Index at_once = 2048;
  Progress progress = Progress::on_stderr();
  progress.start("decoding", std::ssize(sources));
  for (Index i = 0; i < std::ssize(sources); i += at_once) {
    const Index end = std::min<Index>(i + at_once, std::ssize(sources));
    writer.write(sources.data() + i, sources.data() + end);
    progress.update(end);
  }
  progress.finish();
  writer.note_cut_off();
  return success;
}

}  // namespace

void add_decode(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("decode", "Print the target of each source line");
  auto f = std::make_shared<DecodeFlags>();
  command.add_option("--run", f->run, "Run directory")->required()->type_name("DIR");
  command.add_option("--input", f->input, "File of sources, one per line; - is standard input (default)")
      ->type_name("FILE");
  command.add_option("--beam", f->beam, "Number of hypotheses in the beam (default: 1, greedy)")
      ->transform(whole_from(1, 1000))
      ->type_name("N");
  command.add_option("--n-best", f->n_best, "Outputs printed per line, with their scores if more than 1")
      ->transform(whole_from(1, 1000))
      ->type_name("N");
  command.add_flag("--json", f->json, "Print JSON objects with line, source, output, score and finished");
  command.add_flag("--attention", f->attention,
                   "Print the attention weights of each output token to standard error, for models with attention");
  command.add_option("--checkpoint", f->checkpoint, "best (default) or last")
      ->check(CLI::IsMember({"best", "last"}))
      ->type_name("NAME");
  add_threads(command);
  command.footer(
      "Prints source<TAB>output for each input line, in order. With --n-best above 1, prints up to N lines\n"
      "source<TAB>output<TAB>score, best first. An empty line gives an empty output. All lines are checked before the\n"
      "first is decoded. Tokens that were not in the training pairs are read as <unk>. Outputs that reach\n"
      "decode.max_length are cut off: a note on standard error counts them, and with --json they are not finished.\n\n"
      "Examples:\n"
      "  gradus decode --run runs/words --input words.txt --beam 5\n"
      "  echo gradus | gradus decode --run runs/words --beam 5 --n-best 3");
  command.callback([f, &action] { action = [f] { return decode_run(*f); }; });
}

}  // namespace gradus::cli
