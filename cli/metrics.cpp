#include <fmt/format.h>

#include <memory>

#include <gradus/cli/internal/command.h>
#include <gradus/cli/internal/scoring.h>
#include <gradus/data/hypotheses.h>
#include <gradus/data/internal/counted.h>
#include <gradus/data/unicode.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::cli {
namespace {

struct MetricsFlags {
  std::string outputs, pairs, against, tokens = "whitespace";
  std::vector<std::string> references;
  bool lowercase = false, by_length = false;
  ScoringFlags scoring;
};

bool has_references(const std::string& path) { return path.ends_with(".jsonl") || path.ends_with(".jsonl.gz"); }

data::Hypotheses read(const MetricsFlags& f, const std::string& outputs) {
  const bool from_files = !f.references.empty() || !f.pairs.empty();
  if (has_references(outputs)) {
    if (from_files) throw UsageError(fmt::format("{} has references of its own: leave out the other file", outputs));
    return data::read_hypotheses(outputs);
  }
  if (!from_files)
    throw UsageError(
        fmt::format("{} needs references: files of them, --pairs FILE, or as JSON Lines (NAME.jsonl)", outputs));
  if (!f.pairs.empty()) return data::read_decoded(outputs, f.pairs);
  return data::read_outputs(outputs, {f.references.begin(), f.references.end()});
}

Scored scored_of(data::Hypotheses hypotheses, const MetricsFlags& f) {
  Scored scored{.outputs = {}, .sets = {}, .texts = std::move(hypotheses.texts), .lowercase = f.lowercase};
  const data::Tokenizer tokenizer = data::tokenizer_named(f.tokens);
  for (std::size_t i = 0; i < scored.texts.outputs.size(); ++i) {
    if (f.lowercase) {
      scored.texts.outputs[i] = data::lowercase(scored.texts.outputs[i]);
      for (std::string& text : scored.texts.references[i]) text = data::lowercase(text);
    }
    scored.outputs.push_back(tokenize(scored.texts.outputs[i], tokenizer));
    data::ReferenceSet& set = scored.sets.emplace_back();
    for (const std::string& text : scored.texts.references[i]) set.references.push_back(tokenize(text, tokenizer));
  }
  return scored;
}

// Throws when the two files are not about the same sources and references.
void check_same(const data::Hypotheses& a, const data::Hypotheses& b, const MetricsFlags& f) {
  const auto &of_a = a.texts.references, &of_b = b.texts.references;
  if (of_a.size() != of_b.size()) {
    throw Error(fmt::format("{} has {}, {} has {}; expected the same sources", f.outputs,
                            data::counted(std::ssize(of_a), "output"), f.against,
                            data::counted(std::ssize(of_b), "output")));
  }
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    const bool same_source = a.sources.empty() || a.sources[i] == b.sources[i];
    if (same_source && of_a[i] == of_b[i]) continue;
    throw Error(fmt::format("{} and {} differ in the source or the references of line {}; expected the same test",
                            f.outputs, f.against, i + 1));
  }
}

int measure(const MetricsFlags& f) {
  if (!f.against.empty() && f.scoring.resampling.samples == 0)
    throw UsageError("--against needs samples: --bootstrap from 1");
  if (!f.against.empty() && (f.by_length || f.scoring.confusions > 0))
    throw UsageError("--against excludes --by-length and --confusions: give one file of outputs");
  data::Hypotheses hypotheses = read(f, f.outputs);
  if (!f.against.empty()) {
    data::Hypotheses other = read(f, f.against);
    check_same(hypotheses, other, f);
    const Scored a = scored_of(std::move(hypotheses), f), b = scored_of(std::move(other), f);
    files::JsonFields fields = print_differences(a, f.outputs, b, f.against, f.scoring);
    fields.emplace_back("tokens", f.tokens);
    print_result("{}\n", files::json_line(fields));
    return success;
  }
  const Scored scored = scored_of(std::move(hypotheses), f);
  if (f.by_length) {
    std::vector<Index> lengths;
    std::vector<bool> exact;
    for (std::size_t i = 0; i < scored.outputs.size(); ++i) {
      const auto& references = scored.sets[i].references;
      lengths.push_back(std::ssize(references.front()));
      exact.push_back(std::find(references.begin(), references.end(), scored.outputs[i]) != references.end());
    }
    print_by_length("reference", lengths, exact);
  }
  files::JsonFields fields = print_measures(scored, f.scoring);
  fields.emplace_back("tokens", f.tokens);
  print_result("{}\n", files::json_line(fields));
  return success;
}

}  // namespace

void add_metrics(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("metrics", "Score outputs of any program, or compare those of two");
  auto f = std::make_shared<MetricsFlags>();
  command.add_option("OUTPUTS", f->outputs, "File of outputs")->required()->type_name("FILE");
  CLI::Option* references =
      command.add_option("REFERENCES", f->references, "Files of references, on the lines of their outputs");
  references->type_name("FILE");
  command
      .add_option("--pairs", f->pairs,
                  "File of lines source<TAB>target; a source may have several targets, and OUTPUTS has lines "
                  "source<TAB>output")
      ->type_name("FILE")
      ->excludes(references);
  command
      .add_option("--against", f->against, "Outputs of another system for the same sources, to compare with OUTPUTS")
      ->type_name("FILE");
  command
      .add_option("--tokens", f->tokens,
                  "Tokens of the token error rate: whitespace (default; words or phones), characters or graphemes")
      ->check(CLI::IsMember({"whitespace", "characters", "graphemes"}))
      ->type_name("NAME");
  command.add_flag("--lowercase", f->lowercase, "Change outputs and references to lower case");
  command.add_flag("--by-length", f->by_length, "Print the share of exact outputs by length of the first reference");
  add_scoring_flags(command, f->scoring);
  add_threads(command);
  command.footer(
      "OUTPUTS is one of\n"
      "- NAME.jsonl, written by gradus eval --hypotheses, which has sources and references too;\n"
      "- an output per line, with one or more files of REFERENCES; an empty line is an empty text;\n"
      "- lines source<TAB>output of gradus decode, with --pairs.\n"
      "Prints a table of measures with 95 % intervals, then one line of JSON. With --against it prints the values of "
      "both files, the differences and p. docs/scoring.md defines the measures.\n\n"
      "Examples:\n"
      "  gradus metrics output.txt reference.txt\n"
      "  gradus metrics output.txt reference1.txt reference2.txt --tokens characters\n"
      "  gradus metrics decoded.tsv --pairs test.tsv --confusions 10\n"
      "  gradus metrics a.jsonl --against b.jsonl");
  command.callback([f, &action] { action = [f] { return measure(*f); }; });
}

}  // namespace gradus::cli
