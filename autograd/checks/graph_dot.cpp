#include <gradus/autograd/checks/graph_dot.h>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include <gradus/autograd/engine/node.h>

namespace gradus {

namespace {

struct RegionNote final : Node::Note {
  std::string region;
  std::vector<Tensor> data;  // named inputs without a gradient
};

}  // namespace

// Values that ops compute from a named tensor without recording, such as a mask from ids, count as that tensor.
class KeepRegions::Keeper final : public Observer {
 public:
  void on_value(const OpName&, const Tensor& value, std::span<const Input> inputs) override {
    for (const Input& in : inputs) {
      const Tensor named = in.node ? Tensor() : data_of(*in.tensor);
      if (named.defined()) data_.insert_or_assign(value.storage().get(), Data{value, named});
    }
  }
  void on_record(Node& node, std::span<const Input> inputs) override {
    auto note = std::make_unique<RegionNote>();
    if (!regions_.empty()) note->region = regions_.back();
    for (const Input& in : inputs)
      if (const Tensor named = in.node ? Tensor() : data_of(*in.tensor); named.defined()) note->data.push_back(named);
    node.note = std::move(note);
  }
  void on_enter(std::string_view region) override { regions_.emplace_back(region); }
  void on_leave() noexcept override { regions_.pop_back(); }

 private:
  struct Data {
    Tensor value;  // keeps the storage, so that no other tensor gets its address
    Tensor named;
  };

  Tensor data_of(const Tensor& x) const {
    if (!x.name().empty()) return x;
    const auto found = data_.find(x.storage().get());
    return found == data_.end() ? Tensor() : found->second.named;
  }

  std::vector<std::string> regions_;
  std::map<const Storage*, Data> data_;
};

KeepRegions::KeepRegions() : keeper_(std::make_unique<Keeper>()), scope_(keeper_.get()) {}
KeepRegions::~KeepRegions() = default;

namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// A name and a text below it, with dot's "\n" between them.
std::string label(const std::string& name, const std::string& below) {
  std::string text = quoted(name + "|" + below);
  return text.replace(text.rfind('|'), 1, "\\n");
}

// "encoder.layers.0.norm1" -> "encoder", "layers.0", "norm1"
std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    const bool number = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    if (number && !parts.empty())
      parts.back() += '.' + part;
    else
      parts.push_back(part);
    begin = end + 1;
  }
  return parts;
}

constexpr const char* leaf_style = ", shape=box, style=filled, fillcolor=lightyellow";
constexpr const char* data_style = ", shape=box, style=\"filled,rounded\", fillcolor=lightblue";
constexpr const char* layer_style = ", shape=box3d, style=filled, fillcolor=whitesmoke";

class Drawing {
 public:
  Drawing(const Tensor& result, Index depth) : depth_(depth) {
    reach(result);
    for (const Node* n : nodes_) has_regions_ = has_regions_ || note_of(*n) != nullptr;
    for (std::size_t i = 0; i < nodes_.size(); ++i) add(*nodes_[i], i == 0);
    for (std::size_t i = 0; i < nodes_.size(); ++i) connect(*nodes_[i]);
  }

  std::string text() {
    for (const auto& [id, box] : folded_) {
      box->lines += fmt::format("  {} [label={}, tooltip={}{}];\n", id,
                                label(box->name, fmt::format("{} op{}", box->ops, box->ops == 1 ? "" : "s")),
                                quoted(box->path), layer_style);
    }
    std::string dot = "digraph gradus {\n  node [fontname=\"sans-serif\", fontsize=11];\n";
    if (has_regions_)
      dot += "  graph [fontname=\"sans-serif\", fontsize=12, style=rounded, color=gray50, labeljust=l];\n";
    write(root_, dot);
    return dot + edges_ + "}\n";
  }

 private:
  // A part of a path, with the nodes of its layer.
  struct Box {
    std::string name, path, lines;
    std::map<std::string, Box> inner;
    Index ops = 0;
  };

  // All nodes under the result, in the order of a search from it.
  void reach(const Tensor& result) {
    numbers_.emplace(result.node(), 0);
    nodes_.push_back(result.node());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      for (Index k = 0; k < nodes_[i]->inputs.size(); ++k) {
        const Node* in = nodes_[i]->inputs[k].node.get();
        if (in && numbers_.try_emplace(in, nodes_.size()).second) nodes_.push_back(in);
      }
    }
  }

  static const RegionNote* note_of(const Node& n) { return dynamic_cast<const RegionNote*>(n.note.get()); }

  // The path of the layer of an op or a leaf.
  std::string layer_of(const Node& n) const {
    if (!has_regions_) return "";
    if (!n.leaf) return note_of(n) ? note_of(n)->region : "";
    const std::size_t dot = n.leaf->name.rfind('.');
    return dot == std::string::npos ? "" : n.leaf->name.substr(0, dot);
  }

  // The box of a path, and whether it is drawn as one node.
  std::pair<Box*, bool> box_of(const std::string& path) {
    Box* box = &root_;
    Index depth = 0;
    for (const std::string& part : parts_of(path)) {
      Box& next = box->inner[part];
      next.name = part;
      next.path = box->path.empty() ? part : box->path + '.' + part;
      box = &next;
      if (++depth == depth_) return {box, true};
    }
    return {box, false};
  }

  void add(const Node& n, bool is_result) {
    const auto [box, folded] = box_of(layer_of(n));
    if (!n.leaf) ++box->ops;
    if (folded) {
      const std::string id = "layer_" + std::to_string(folded_ids_.try_emplace(box, folded_ids_.size()).first->second);
      folded_.emplace(id, box);
      ids_.emplace(&n, id);
      return;
    }
    const std::string id = "n" + std::to_string(numbers_.at(&n));
    ids_.emplace(&n, id);
    std::string name = n.leaf ? n.leaf->name : n.op.name;
    if (has_regions_) name = name.substr(n.leaf && !box->path.empty() ? box->path.size() + 1 : 0);
    if (name.empty()) name = "leaf";
    box->lines += fmt::format("  {} [label={}, tooltip={}{}];\n", id, label(name, to_string(n.shape)),
                              quoted(n.leaf ? "leaf" : to_string(n.op.place)),
                              n.leaf ? leaf_style : (is_result ? ", penwidth=2" : ""));
  }

  void connect(const Node& n) {
    for (Index k = 0; k < n.inputs.size(); ++k)
      if (const Node* in = n.inputs[k].node.get()) edge(ids_.at(in), ids_.at(&n), "");
    const RegionNote* note = note_of(n);
    if (!note) return;
    for (const Tensor& data : note->data) {
      const auto [at, is_new] = data_ids_.try_emplace(data.name(), "d" + std::to_string(data_ids_.size()));
      if (is_new) {
        root_.lines +=
            fmt::format("  {} [label={}{}];\n", at->second, label(data.name(), to_string(data.shape())), data_style);
      }
      edge(at->second, ids_.at(&n), " [style=dashed]");
    }
  }

  void edge(const std::string& from, const std::string& to, const char* style) {
    const bool folds = from == to || from.starts_with("layer_") || to.starts_with("layer_");
    if (from == to || (folds && !seen_.emplace(from, to).second)) return;
    edges_ += fmt::format("  {} -> {}{};\n", from, to, style);
  }

  void write(const Box& box, std::string& dot) const {
    dot += box.lines;
    for (const auto& [name, inner] : box.inner) {
      if (folded_ids_.contains(&inner)) {
        dot += inner.lines;
        continue;
      }
      dot += fmt::format("  subgraph {} {{\n  label={};\n", quoted("cluster_" + inner.path), quoted(name));
      write(inner, dot);
      dot += "  }\n";
    }
  }

  Index depth_;
  bool has_regions_ = false;
  std::vector<const Node*> nodes_;
  std::unordered_map<const Node*, std::size_t> numbers_;
  std::unordered_map<const Node*, std::string> ids_;
  std::map<const Box*, std::size_t> folded_ids_;
  std::map<std::string, Box*> folded_;
  std::map<std::string, std::string> data_ids_;
  std::set<std::pair<std::string, std::string>> seen_;
  Box root_;
  std::string edges_;
};

}  // namespace

std::string graph_to_dot(const Tensor& result, Integer depth, Place place) {
  if (!result.requires_grad()) {
    throw Error(fmt::format("graph_to_dot: {} has no graph; no input of its computation requires a gradient, or it was "
                            "computed under NoGrad",
                            describe(result)),
                place);
  }
  return Drawing(result, depth).text();
}

}  // namespace gradus
