#include <gradus/autograd/engine/backward.h>

#include <fmt/format.h>

#include <unordered_set>
#include <utility>

#include <gradus/autograd/engine/internal/backward_run.h>

namespace gradus {

namespace {

// The gradient of an output of `function`, given or 1.
Tensor seed_for(const char* function, const Tensor& output, const Tensor& given, const Place& place) {
  if (!output.requires_grad())
    throw Error(
        fmt::format("{}: {} has no graph; no input of its computation requires a gradient, or it was computed under "
                    "NoGrad, or by grad without create_graph",
                    function, describe(output)),
        place);
  if (given.defined()) {
    if (given.shape() != output.shape() || given.dtype() != output.dtype())
      throw Error(fmt::format("{}: the seed {} does not have the shape and dtype of {}", function, describe(given),
                              describe(output)),
                  place);
    return given;
  }
  if (output.numel() != 1)
    throw Error(fmt::format("{}: {} is not a scalar; pass a seed of its shape, or reduce it with sum or mean", function,
                            describe(output)),
                place);
  return Tensor::ones(output.shape(), output.dtype());
}

struct Path {
  std::unordered_set<const Node*> nodes;
  std::vector<NodeClaim> claims;   // of all nodes that were searched
  const Node* released = nullptr;  // one of them whose graph was freed
};

// The nodes on the paths from the outputs to the targets, or only to the first target of each path. An iterative
// depth-first search.
Path nodes_between(const std::vector<Tensor>& outputs, const std::unordered_set<const Node*>& targets, bool to_first,
                   const Place& place) {
  Path path;
  std::unordered_set<const Node*> seen;
  std::vector<std::pair<Node*, bool>> stack;
  for (const Tensor& o : outputs) stack.emplace_back(o.node(), false);
  while (!stack.empty()) {
    const auto [node, inputs_done] = stack.back();
    stack.pop_back();
    if (inputs_done) {
      bool leads = targets.contains(node);
      for (Index i = 0; i < node->inputs.size() && !leads; ++i) leads = path.nodes.contains(node->inputs[i].node.get());
      if (leads) path.nodes.insert(node);
    } else if (seen.insert(node).second) {
      stack.emplace_back(node, true);
      if (node->leaf || (to_first && targets.contains(node))) continue;
      path.claims.emplace_back(*node, place);
      if (node->released) path.released = node;
      for (Index i = 0; i < node->inputs.size(); ++i)
        if (Node* in = node->inputs[i].node.get()) stack.emplace_back(in, false);
    }
  }
  return path;
}

}  // namespace

void backward(const Tensor& loss, const BackwardOptions& options, Place place) {
  const Tensor seed = seed_for("backward", loss, options.seed, place);
  Gradients own;
  BackwardRun run(options.into ? *options.into : own,
                  {.retain_graph = options.retain_graph || options.create_graph, .create_graph = options.create_graph},
                  place);
  run.seed(Ref<Node>(loss.node()), seed);
  run.run();
  if (options.into) return;
  const GradMode mode(options.create_graph);
  own.move_into_leaves();
}

std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const GradOptions& options, Place place) {
  if (!options.seeds.empty() && options.seeds.size() != outputs.size())
    throw Error(fmt::format("grad: {} seeds for {} outputs", options.seeds.size(), outputs.size()), place);
  std::vector<Tensor> seeds;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    seeds.push_back(seed_for("grad", outputs[i], options.seeds.empty() ? Tensor() : options.seeds[i], place));

  std::unordered_set<const Node*> wanted;
  std::unordered_map<const Node*, Tensor> results_of_ops;
  for (const Tensor& in : inputs) {
    if (!in.requires_grad())
      throw Error(fmt::format("grad: {} does not require a gradient; call set_requires_grad() on it before it is used",
                              describe(in)),
                  place);
    wanted.insert(in.node());
    if (!in.is_leaf() && !options.independent) results_of_ops.emplace(in.node(), Tensor());
  }

  const Path path = nodes_between(outputs, wanted, options.independent, place);
  Gradients leaves;
  BackwardRun run(leaves,
                  {.retain_graph = options.retain_graph || options.create_graph,
                   .create_graph = options.create_graph,
                   .targets = std::move(results_of_ops),
                   .path = &path.nodes,
                   .boundary = options.independent ? &wanted : nullptr},
                  place);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (path.nodes.contains(outputs[i].node())) run.seed(Ref<Node>(outputs[i].node()), seeds[i]);
  run.run();

  std::vector<Tensor> gradients;
  for (const Tensor& in : inputs) {
    gradients.push_back(in.is_leaf() || options.independent ? leaves.of(in) : run.target(in.node()));
    if (gradients.back().defined() || options.allow_unused) continue;
    if (path.released) refuse_released(*path.released, place);
    throw Error(
        fmt::format("grad: no output depends on {}; pass allow_unused = true to get an undefined gradient for it",
                    describe(in)),
        place);
  }
  return gradients;
}

}  // namespace gradus
