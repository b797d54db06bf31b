#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>

#include <gradus/autograd/ops/copying.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/cli/internal/command.h>
#include <gradus/cli/internal/launch.h>
#include <gradus/cli/internal/output_prefixes.h>
#include <gradus/cli/internal/search_flags.h>
#include <gradus/cli/internal/source_reader.h>
#include <gradus/data/features.h>
#include <gradus/files/internal/file_replacement.h>
#include <gradus/files/internal/json.h>
#include <gradus/train/dataset.h>
#include <gradus/train/decode.h>
#include <gradus/train/ensemble.h>
#include <gradus/train/evaluate.h>
#include <gradus/train/internal/bytes.h>
#include <gradus/train/internal/together.h>
#include <gradus/train/progress.h>
#include <gradus/train/report.h>

namespace gradus::cli {
namespace {

using namespace gradus::train;

struct DecodeFlags {
  std::vector<std::string> runs;
  std::string input = "-", checkpoint = "best", prefix, prefix_file, attention_file;
  SearchFlags search;
  Index n_best = 1;
  bool attention = false, json = false;

  Index outputs_per_line() const { return std::max(n_best, search.samples); }
};

// The next line from a terminal, as soon as it ends.
bool next_line(std::string& line) {
  if (!std::getline(std::cin, line)) return false;
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

data::Tokens with_end(data::Tokens tokens, bool finished) {
  for (std::string& token : tokens)
    if (const std::string_view name = data::feature_name(token); !name.empty()) token = std::string(name);
  if (finished) tokens.push_back("<eos>");
  return tokens;
}

// Attention weights as lines of JSON, in a file that appears when all are written.
class AttentionFile {
 public:
  explicit AttentionFile(const std::string& path) : file_(path) {}

  void write(Index line, Index rank, const data::Tokens& source, const data::Tokens& output,
             const models::Hypothesis& h) {
    const std::vector<double> weights = to(h.attention_weights, DType::f64).to_vector<double>();
    const Index columns = h.attention_weights.size(1);
    std::vector<std::vector<double>> rows;
    for (auto row = weights.begin(); row != weights.end(); row += columns) rows.emplace_back(row, row + columns);
    const std::string text = files::json_line({{"line", line},
                                               {"rank", rank},
                                               {"source", with_end(source, true)},
                                               {"output", with_end(output, h.finished)},
                                               {"attention", rows}}) +
                             "\n";
    file_.write(text.data(), text.size());
  }
  void commit() { file_.commit(); }

 private:
  files::FileReplacement file_;
};

class Writer {
 public:
  Writer(const Run& run, const DecodeFlags& flags)
      : run_(run), flags_(flags), options_(decode_options(flags.search, run.config)) {
    options_.n_best = flags.n_best;
    options_.attention_weights = flags.attention;
    if (!flags.attention_file.empty() && writes()) attention_.emplace(flags.attention_file);
  }

  /// Decodes the sources [first, last) together and prints them in order.
  void write(const Source* first, const Source* last, const OutputPrefixes& prefixes) {
    std::vector<data::Tokens> tokens;
    models::Sentences ids, beginnings;
    for (const Source* s = first; s != last; ++s) {
      tokens.push_back(s->too_long ? data::Tokens() : source_tokens(run_.config, s->text));
      if (tokens.back().empty()) continue;
      ids.push_back(source_ids(run_.source, tokens.back()));
      beginnings.push_back(prefixes.of(s->number));
    }
    const auto found = decode(ranks(), *run_.model, ids, options_, beginnings);
    models::Hypotheses of_nothing(1);
    of_nothing.front().finished = true;
    auto hypotheses = found.begin();
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      Index rank = 0;
      for (const models::Hypothesis& h : tokens[i].empty() ? of_nothing : *hypotheses++)
        write_hypothesis(first[i], tokens[i], h, ++rank);
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

  /// Call it when all is written.
  void finish() {
    if (attention_) attention_->commit();
  }

 private:
  void write_hypothesis(const Source& source, const data::Tokens& tokens, const models::Hypothesis& h, Index rank) {
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
                                             {"log_probability", h.log_probability},
                                             {"finished", h.finished && !source.too_long}}));
    } else if (flags_.outputs_per_line() == 1 || tokens.empty()) {
      print_result("{}\t{}\n", source.text, text);
    } else {
      print_result("{}\t{}\t{:.4f}\n", source.text, text, h.score);
    }
    if (!h.attention_weights.defined()) return;
    const data::Tokens read = run_.source.split(tokens), written = run_.target.decode_split(h.ids);
    if (attention_) {
      attention_->write(source.number, rank, read, written, h);
    } else {
      flush_results();
      say(stderr, attention_map(h.attention_weights, read, written));
    }
  }

  const Run& run_;
  const DecodeFlags& flags_;
  models::DecodeOptions options_;
  const RowInvariant kept_weights_;  // for all sources
  std::optional<AttentionFile> attention_;
  Index outputs_ = 0, cut_off_ = 0;
  std::vector<Index> cut_off_lines_;  // of the sources, each once
};

void check_n_best(const DecodeFlags& f, Index beam) {
  const bool risk = f.search.risk_samples > 0;
  const Index most = risk ? f.search.risk_samples : beam;
  if (f.search.samples > 0 || f.n_best <= most) return;
  throw UsageError(fmt::format("--n-best {} is more than {} {}; there are at most {} outputs", f.n_best,
                               risk ? "--mbr" : "--beam", most, most));
}

// Answers each line of a terminal at once. A line with a defect is reported, and the next one is read.
int decode_terminal(const Run& run, const DecodeFlags& f) {
  if (!f.prefix_file.empty()) throw UsageError("--prefix-file has a line per source; give the sources by --input FILE");
  Writer writer(run, f);
  SourceReader reader(run, standard_input);
  const OutputPrefixes prefixes(run, f.prefix, "");
  if (::isatty(STDERR_FILENO) == 1) say_line("type one source per line; Ctrl-D ends");
  Index number = 0;
  for (std::string line; next_line(line);) {
    ++number;
    try {
      const Source source = reader.read({.path = standard_input, .text = line, .number = number});
      writer.write(&source, &source + 1, prefixes);
    } catch (const Error& error) {
      say_line(error.what());
    }
    writer.note_cut_off();
  }
  writer.finish();
  return reader.finish();
}

// The sources that `read` returns on the rank that writes, which has the standard input, on all ranks.
std::vector<Source> shared(const std::function<std::vector<Source>()>& read) {
  std::vector<Source> sources;
  together_on_first(ranks(), [&] { sources = read(); });
  if (ranks() == nullptr) return sources;
  ByteWriter own;
  for (const Source& source : sources) {
    own.text(source.text);
    own.number(source.too_long);
  }
  const std::string bytes = ranks()->gather(own.bytes).front();
  sources.clear();
  for (ByteReader from(bytes); !from.ended();) {
    const std::string text = from.text();
    sources.push_back({text, std::ssize(sources) + 1, from.number<bool>()});
  }
  return sources;
}

int decode_run(const DecodeFlags& f) {
  if (f.search.beam) check_n_best(f, *f.search.beam);
  const Run run = load_runs(f.runs, f.checkpoint == "best" ? Which::best : Which::last);
  check_n_best(f, f.search.beam.value_or(run.config.decode.beam));
  if (f.input == "-" && ranks() == nullptr && ::isatty(STDIN_FILENO) == 1) return decode_terminal(run, f);

  const std::string file = f.input == "-" ? standard_input : f.input;
  Writer writer(run, f);
  SourceReader reader(run, file);
  const std::vector<Source> sources = shared(
      [&] { return reader.read_all(f.input == "-" ? data::LineReader(STDIN_FILENO, file) : data::LineReader(file)); });
  if (sources.empty() && f.input != "-")
    throw Error(fmt::format("{}: the file is empty; expected one source per line", file));
  const OutputPrefixes prefixes(run, f.prefix, f.prefix_file);
  prefixes.check_lines(std::ssize(sources), file);
  constexpr Index at_once = 2048;
  Progress progress = Progress::on_stderr();
  progress.start("decoding", std::ssize(sources));
  for (Index i = 0; i < std::ssize(sources); i += at_once) {
    const Index end = std::min<Index>(i + at_once, std::ssize(sources));
    writer.write(sources.data() + i, sources.data() + end, prefixes);
    progress.update(end);
  }
  progress.finish();
  writer.finish();
  writer.note_cut_off();
  return reader.finish();
}

}  // namespace

void add_decode(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("decode", "Print the target of each source line");
  auto f = std::make_shared<DecodeFlags>();
  add_runs(command, f->runs, f->checkpoint);
  command.add_option("--input", f->input, "File of sources, one per line; - is standard input (default)")
      ->type_name("FILE");
  add_search_flags(command, f->search, true);
  command.add_option("--n-best", f->n_best, "Outputs printed per line, with their scores if more than 1")
      ->transform(whole_from(1, 1000))
      ->type_name("N")
      ->excludes(command.get_option("--sample"));
  CLI::Option* prefix = command.add_option("--prefix", f->prefix, "Beginning of every output, split like a target");
  prefix->check(not_empty())->type_name("TEXT");
  command.add_option("--prefix-file", f->prefix_file, "File with the beginning of the output of each line")
      ->check(not_empty())
      ->type_name("FILE")
      ->excludes(prefix);
  command.add_flag("--json", f->json,
                   "Print JSON objects with line, source, output, score, log_probability and finished");
  command
      .add_option("--attention", f->attention_file,
                  "Write the attention weights of each output to FILE as lines of JSON; without FILE, print them to "
                  "standard error (models with attention)")
      ->expected(0, 1)
      ->type_name("FILE");
  add_threads(command);
  command.footer(
      "Prints source<TAB>output for each input line, in order. With several outputs per line, prints lines\n"
      "source<TAB>output<TAB>score, best first, or in the order of drawing. For a run with features (data.columns), "
      "an\n"
      "input line and the printed source are source<TAB>features. An empty line gives an empty output. All lines are\n"
      "checked before the first is decoded. Tokens that were not in the training pairs are read as <unk>. A line that\n"
      "is too long for the run (data.max_tokens, model.max_length) is reported and gets an empty output; the exit "
      "code\n"
      "is then 3. Outputs that reach decode.max_length are cut off: a note on standard error counts them, and with\n"
      "--json they are not finished.\n\n"
      "Examples:\n"
      "  gradus decode --run runs/words --input words.txt --beam 5\n"
      "  echo gradus | gradus decode --run runs/words --beam 5 --n-best 3\n"
      "  echo gradus | gradus decode --run runs/words --sample 5 --top-p 0.9 --seed 7\n"
      "  gradus decode --run runs/a --run runs/b --input words.txt --attention weights.jsonl");
  command.callback([f, &command, &action] {
    check_search_flags(command, f->search);
    f->attention = command.count("--attention") > 0;
    action = [f] { return decode_run(*f); };
  });
}

}  // namespace gradus::cli
