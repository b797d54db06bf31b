#include <gradus/train/internal/toml.h>

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

#include <gradus/files/internal/utf8.h>

namespace gradus::train {
namespace {

std::string place(const std::string& name, const toml::source_region& region) {
  return fmt::format("{}:{}:{}", name, region.begin.line, region.begin.column);
}

std::optional<Value> value_of(const toml::node& node) {
  if (const auto* b = node.as_boolean()) return b->get();
  if (const auto* n = node.as_integer()) return static_cast<Index>(n->get());
  if (const auto* d = node.as_floating_point()) return d->get();
  if (const auto* s = node.as_string()) return s->get();
  return std::nullopt;
}

void collect(const toml::table& table, const std::string& prefix, const std::string& name,
             const std::function<bool(const std::string&)>& is_section, std::vector<TomlEntry>& entries) {
  for (auto&& entry : table) {
    const toml::key& own_key = entry.first;
    const toml::node& node = entry.second;
    const std::string key = prefix + std::string(own_key.str());
    if (node.is_table() && is_section(key))
      collect(*node.as_table(), key + ".", name, is_section, entries);
    else
      entries.push_back({key, value_of(node), place(name, own_key.source()), place(name, node.source())});
  }
}

// The end of the string that begins at text[at].
std::size_t end_of_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string three(3, quote);
  const bool many_lines = text.substr(at, 3) == three;
  for (at += many_lines ? 3 : 1; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (many_lines && text.substr(at, 3) == three) {
      at += 3;
      for (int more = 0; more < 2 && at < text.size() && text[at] == quote; ++more) ++at;  // these belong to the text
      return at;
    } else if (!many_lines && (text[at] == quote || text[at] == '\n')) {
      return at + 1;
    }
  }
  return text.size();
}

// Refuses keys of many parts. Each part is a nested table, and toml++ up to 3.3 destroys nested tables by recursion.
void check_depth(std::string_view text, const std::string& name) {
  constexpr int most = 8;
  int parts = 1;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      at = end_of_string(text, at);
      continue;
    }
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    if (c == '.' && ++parts > most) {
      const std::size_t line = text.rfind('\n', at) + 1;
      throw ConfigError(fmt::format("{}:{}:{}: a key of more than {} parts", name,
                                    1 + std::count(text.begin(), text.begin() + static_cast<Index>(at), '\n'),
                                    files::column_of(text.substr(line), at - line), most));
    }
    if (std::string_view("\n=,[]{}").find(c) != std::string_view::npos) parts = 1;
    ++at;
  }
}

}  // namespace

std::vector<TomlEntry> read_toml(std::string_view text, const std::string& name,
                                 const std::function<bool(const std::string&)>& is_section) {
  check_depth(text, name);
  try {
    std::vector<TomlEntry> entries;
    collect(toml::parse(text), "", name, is_section, entries);
    return entries;
  } catch (const toml::parse_error& e) {
    throw ConfigError(fmt::format("{}: {}", place(name, e.source()), files::shown(e.description(), 300)));
  }
}

}  // namespace gradus::train
