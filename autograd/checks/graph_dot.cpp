#include <gradus/autograd/checks/graph_dot.h>

#include <fmt/format.h>

#include <iterator>
#include <unordered_map>

#include <gradus/autograd/engine/node.h>

namespace gradus {

namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// The name and shape of a node, with dot's "\n" between them.
std::string label_of(const Node& n) {
  const std::string name = n.leaf ? (n.leaf->name.empty() ? "leaf" : n.leaf->name) : n.op.name;
  std::string label = quoted(name + "|" + to_string(n.shape));
  return label.replace(label.rfind('|'), 1, "\\n");
}

}  // namespace

std::string graph_to_dot(const Tensor& result, Place place) {
  if (!result.requires_grad()) {
    throw Error(fmt::format("graph_to_dot: {} has no graph; no input of its computation requires a gradient, or it was "
                            "computed under NoGrad",
                            describe(result)),
                place);
  }
  std::unordered_map<const Node*, std::size_t> numbers{{result.node(), 0}};
  std::vector<const Node*> nodes{result.node()};  // the loop appends
  std::string edges;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (Index k = 0; k < nodes[i]->inputs.size(); ++k) {
      if (const Node* in = nodes[i]->inputs[k].node.get()) {
        const auto [at, fresh] = numbers.try_emplace(in, nodes.size());
        if (fresh) nodes.push_back(in);
        fmt::format_to(std::back_inserter(edges), "  n{} -> n{};\n", at->second, i);
      }
    }
  }
  std::string dot = "digraph gradus {\n  node [fontname=\"sans-serif\", fontsize=11];\n";
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    fmt::format_to(
        std::back_inserter(dot), "  n{} [label={}, tooltip={}{}];\n", i, label_of(*nodes[i]),
        quoted(nodes[i]->leaf ? "leaf" : to_string(nodes[i]->op.place)),
        nodes[i]->leaf ? ", shape=box, style=filled, fillcolor=lightyellow" : (i == 0 ? ", penwidth=2" : ""));
  }
  return dot + edges + "}\n";
}

}  // namespace gradus
