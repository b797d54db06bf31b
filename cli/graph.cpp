#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include <gradus/autograd/checks/graph_dot.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops/losses.h>
#include <gradus/bench/step.h>
#include <gradus/cli/internal/chosen_model.h>
#include <gradus/cli/internal/graphviz.h>
#include <gradus/data/vocabulary.h>
#include <gradus/files/internal/file_replacement.h>
#include <gradus/nn/losses.h>
#include <gradus/nn/training.h>
#include <gradus/train/dataset.h>
#include <gradus/train/progress.h>
#include <gradus/train/run.h>

namespace gradus::cli {
namespace {

constexpr std::size_t many_nodes = 1500;

struct GraphFlags : ChosenModel {
  std::string out;
  bool dot = false;
  Index length = 3, depth = 0;
};

// The loss of random pairs of sources and targets of one length.
Tensor loss_of_pairs(const train::Run& run, Index length) {
  const data::Batch b = random_batch(run, length, length);
  const Tensor source = Tensor::from(b.source, {b.size, length}).set_name("source"),
               target_in = Tensor::from(b.target_in, {b.size, length}).set_name("target before"),
               target_out = Tensor::from(b.target_out, {b.size, length}).set_name("target");
  const Tensor logits = run.model->logits(source, target_in);
  const Region region("loss");
  return nn::sequence_cross_entropy(logits, target_out, {.pad = data::pad_id});
}

Tensor loss_of_images(const train::Run& run) {
  const models::ImageOptions& o = run.config.image;
  const Index batch = run.config.train.batch;
  const Tensor pixels = Tensor::zeros({batch, o.channels, o.height, o.width}).set_name("images"),
               labels = Tensor::zeros({batch}, DType::i64).set_name("labels");
  const Tensor logits = (*run.classifier)(pixels);
  const Region region("loss");
  return cross_entropy(logits, labels);
}

Tensor recorded_loss(const train::Run& run, Index length) {
  const RandomScope random(static_cast<std::uint64_t>(run.config.train.seed), 0);
  const nn::Training on;
  const KeepRegions regions;
  return run.model ? loss_of_pairs(run, length) : loss_of_images(run);
}

int draw(const GraphFlags& f) {
  train::Progress progress = train::Progress::on_stderr();
  const train::Run run = load_model(f, progress, f.length, f.length).run;
  const std::string dot = graph_to_dot(recorded_loss(run, f.length), f.depth);
  if (f.dot && f.out.empty()) {
    write_result(dot);
    return success;
  }
  const std::string out = f.out.empty() ? "graph.svg" : f.out;
  if (f.dot) {
    files::replace_file(out, dot);
  } else {
    const auto nodes = static_cast<std::size_t>(std::count(dot.begin(), dot.end(), '[')) / 2;
    if (nodes > many_nodes)
      progress.line("the graph is large: dot may take minutes; a smaller --length, and --depth, make it smaller");
    draw_svg(dot, out);
  }
  print_result("{}\n", out);
  return success;
}

}  // namespace

void add_graph(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("graph", "Draw the computation graph of a model's training step as SVG");
  auto f = std::make_shared<GraphFlags>();
  command.add_option("--out", f->out, "File to write (default: graph.svg)")->check(not_empty())->type_name("FILE");
  command.add_flag("--dot", f->dot, "Write Graphviz's language, to --out or the standard output; needs no Graphviz");
  command.add_option("--length", f->length, "Tokens of sources and targets: the steps of an RNN (default: 3)")
      ->transform(whole_from(1, 1000))
      ->type_name("N");
  command
      .add_option("--depth", f->depth,
                  "Draw a layer of this many parts of a path as one node, as encoder.layers.0 for 2 (default: 0, none)")
      ->transform(whole_from(0, 100))
      ->type_name("N");
  add_model_flags(command, *f);
  command.footer(
      "Draws what a training step computes, from the inputs to the loss: ops as ellipses with the shapes of their\n"
      "results, parameters as yellow boxes, inputs as blue ones, in a frame per layer with its path. SVG needs the\n"
      "program dot of Debian's package graphviz. Prints the path of the file.\n\n"
      "Examples:\n"
      "  gradus graph --model rnn-attention --out rnn-attention.svg\n"
      "  gradus graph --model transformer --preset small --depth 2\n"
      "  gradus graph --model rnn --length 2 --dot | dot -Tpng > rnn.png");
  command.callback([f, &action] { action = [f] { return draw(*f); }; });
}

}  // namespace gradus::cli
