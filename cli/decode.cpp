#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>

#include <gradus/cli/internal/command.h>
#include <gradus/data/internal/counted.h>
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

constexpr const char* standard_input = "standard input";

struct Source {
  std::string text;       // the whole line; empty if it is longer than a line may be
  Index number = 0;       // of the line, from 1
  bool too_long = false;  // its output is empty
};

// Reads lines as sources. The first lines that are too long for the run are reported one by one, the others by number.
class SourceReader {
 public:
  SourceReader(const Run& run, std::string file)
      : run_(run), file_(std::move(file)), limit_(token_limit(run.config)), features_(has_features(run.config)) {}

  // Throws Error with the place when the line is not valid text.
  Source read(const data::Line& line) {
    if (line.too_long) return leave_out(line, "more than 1 MiB");
    const auto refuse = [&line](std::size_t offset, std::string_view reason) {
      throw Error(fmt::format("{}:{}:{}: {}", line.path, line.number, files::column_of(line.text, offset), reason));
    };
    if (const auto flaw = data::flaw_of(line)) refuse(flaw->offset, flaw->reason);
    const std::size_t tab = line.text.find('\t');
    const std::size_t second = tab == std::string_view::npos ? tab : line.text.find('\t', tab + 1);
    if (!features_ && tab != std::string_view::npos)
      refuse(tab, "a tab; expected only a source per line (cut -f1 extracts it from a file of pairs)");
    if (features_ && tab == std::string_view::npos && !line.text.empty())
      refuse(line.text.size(), "no tab; expected source<TAB>features, as the run was trained with");
    if (second != std::string_view::npos) refuse(second, "a second tab; expected source<TAB>features");
    const data::Tokens tokens = source_tokens(run_.config, line.text);
    const Index length = std::ssize(run_.source.split(tokens));
    if (length > limit_.most) return leave_out(line, limit_.excess(length));
    for (const std::string& token : tokens) ++counts_[token];
    return {std::string(line.text), line.number};
  }

  // Reports the tokens that the vocabulary does not have, and the lines that were left out and not reported before.
  // Returns the exit code.
  int finish() const {
    note_unseen(counts_, run_.source, file_, "source", say_line);
    const Index more = left_out_ - data::ReadReport::most_kept;
    if (more > 0) say_line(fmt::format("no output for {}", data::counted(more, "more line")));
    return left_out_ == 0 ? success : incomplete;
  }

 private:
  Source leave_out(const data::Line& line, const std::string& reason) {
    if (++left_out_ <= data::ReadReport::most_kept)
      say_line(fmt::format("{}:{}: no output: the line has {}", line.path, line.number, reason));
    return {.text = std::string(line.text), .number = line.number, .too_long = true};
  }

  const Run& run_;
  std::string file_;
  data::TokenLimit limit_;
  bool features_;
  data::TokenCounts counts_;
  Index left_out_ = 0;
};

std::vector<Source> read_lines(SourceReader& reader, data::LineReader lines) {
  std::vector<Source> sources;
  data::Line line;
  while (lines.next(line)) sources.push_back(reader.read(line));
  return sources;
}

std::vector<Source> read_file(SourceReader& reader, const std::string& path) {
  std::vector<Source> sources = read_lines(reader, data::LineReader(path));
  if (sources.empty()) throw Error(fmt::format("{}: the file is empty; expected one source per line", path));
  return sources;
}

std::vector<Source> read_stdin(SourceReader& reader) {
  return read_lines(reader, data::LineReader(STDIN_FILENO, standard_input));
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
    std::vector<data::Tokens> tokens;
    std::vector<std::vector<Index>> ids;
    for (const Source* s = first; s != last; ++s) {
      tokens.push_back(s->too_long ? data::Tokens() : source_tokens(run_.config, s->text));
      if (!tokens.back().empty()) ids.push_back(source_ids(run_.source, tokens.back()));
    }
    const auto found = models::decode(*run_.model, ids,
                                      {.beam = flags_.beam,
                                       .n_best = flags_.n_best,
                                       .max_length = run_.config.decode.max_length,
                                       .attention_weights = flags_.attention});
    std::vector<models::Hypothesis> of_nothing(1);
    of_nothing.front().finished = true;
    auto hypotheses = found.begin();
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      for (const models::Hypothesis& h : tokens[i].empty() ? of_nothing : *hypotheses++)
        write_hypothesis(first[i], tokens[i], h);
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
  void write_hypothesis(const Source& source, const data::Tokens& tokens, const models::Hypothesis& h) {
    ++outputs_;
    if (!h.finished) {
      ++cut_off_;
      if (cut_off_lines_.empty() || cut_off_lines_.back() != source.number) cut_off_lines_.push_back(source.number);
    }
    const std::string text = join(run_.target.decode(h.ids), target_tokenizer(run_.config));
    if (flags_.json) {
      print_result("{}\n", files::json_line({{"line", source.number},
                                             {"source", source.text},
                                             {"output", text},
                                             {"score", h.score},
                                             {"finished", h.finished && !source.too_long}}));
    } else if (flags_.n_best == 1 || tokens.empty()) {
      print_result("{}\t{}\n", source.text, text);
    } else {
      print_result("{}\t{}\t{:.4f}\n", source.text, text, h.score);
    }
    if (!h.attention_weights.defined()) return;
    flush_results();
    say(stderr, attention_map(h.attention_weights, run_.source.split(tokens), run_.target.decode_split(h.ids)));
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
  SourceReader reader(run, f.input == "-" ? standard_input : f.input);
  if (f.input == "-" && ::isatty(STDIN_FILENO) == 1) {
    Index number = 0;
    for (std::string line; next_line(line);) {
      const Source source = reader.read({.path = standard_input, .text = line, .number = ++number});
      writer.write(&source, &source + 1);
      writer.note_cut_off();
    }
    return reader.finish();
  }
  const std::vector<Source> sources = f.input == "-" ? read_stdin(reader) : read_file(reader, f.input);
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
  return reader.finish();
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
      "source<TAB>output<TAB>score, best first. For a run with features (data.columns), an input line and the printed\n"
      "source are source<TAB>features. An empty line gives an empty output. All lines are checked before the first is\n"
      "decoded. Tokens that were not in the training pairs are read as <unk>. A line that is too long for the run\n"
      "(data.max_tokens, model.max_length) is reported and gets an empty output; the exit code is then 3. Outputs\n"
      "that reach decode.max_length are cut off: a note on standard error counts them, and with --json they are not\n"
      "finished.\n\n"
      "Examples:\n"
      "  gradus decode --run runs/words --input words.txt --beam 5\n"
      "  echo gradus | gradus decode --run runs/words --beam 5 --n-best 3");
  command.callback([f, &action] { action = [f] { return decode_run(*f); }; });
}

}  // namespace gradus::cli
