#include <gradus/data/internal/delimited_rows.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include <gradus/autograd/foundation/error.h>
#include <gradus/data/internal/counted.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::data {
namespace {

/// The number that the text is, from 1; 0 for any other text.
std::size_t column_number(std::string_view text) {
  std::size_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size() ? number : 0;
}

bool is_name(const std::string& column) { return !column.empty() && column_number(column) == 0; }

/// The number of columns of a row that is this line alone.
std::size_t width_of(std::string_view line, TableFormat format) {
  std::size_t columns = 1;
  bool quoted = false;
  for (const char c : line) {
    quoted = quoted != (format == TableFormat::csv && c == '"');
    columns += !quoted && c == (format == TableFormat::csv ? ',' : '\t') ? 1 : 0;
  }
  return columns;
}

}  // namespace

DelimitedRows::DelimitedRows(const std::filesystem::path& path, TableFormat format, const Columns& columns)
    : path_(path.string()),
      lines_(path),
      format_(format),
      chosen_(columns != Columns{}),
      has_features_(!columns.features.empty()) {
  if (chosen_)
    choose(columns);
  else
    wide_ = mostly_wide();
}

bool DelimitedRows::mostly_wide() {
  constexpr std::size_t most_lines = 100, most_bytes = LineReader::longest;
  std::size_t all = 0, wide = 0, bytes = 0;
  for (std::size_t i = 0; i < most_lines && bytes < most_bytes; ++i) {
    const Line* line = lines_.ahead(i);
    if (line == nullptr) break;
    const std::size_t columns = width_of(line->text, format_);
    all += columns >= 2 ? 1 : 0;
    wide += columns > 2 ? 1 : 0;
    bytes += line->text.size();
  }
  return 2 * wide > all;
}

void DelimitedRows::choose(const Columns& columns) {
  Line header;
  if (is_name(columns.source) || is_name(columns.target) || is_name(columns.features)) {
    if (!lines_.next(header)) return;
    std::optional<Flaw> flaw = read(header);
    if (flaw) {
      throw Error(fmt::format("{}:{}:{}: the names of the columns: {}", path_, header.number,
                              files::column_of(header.text, flaw->offset), flaw->reason));
    }
  }
  const auto number_of = [&](const std::string& column, std::size_t otherwise) -> std::size_t {
    if (column.empty()) return otherwise;
    if (!is_name(column)) return column_number(column) - 1;
    const auto is_it = [&column](const Field& field) { return field.text == column; };
    const auto found = std::find_if(fields_.begin(), fields_.end(), is_it);
    if (found == fields_.end()) {
      std::vector<std::string> names;
      for (const Field& field : fields_) names.push_back(files::shown(field.text));
      throw Error(fmt::format("{}:1: no column has the name {}; the names are {}", path_, files::shown(column),
                              files::shown(fmt::format("{}", fmt::join(names, ", ")), 300)));
    }
    if (std::find_if(found + 1, fields_.end(), is_it) != fields_.end())
      throw Error(fmt::format("{}:1: two columns have the name {}", path_, files::shown(column)));
    return static_cast<std::size_t>(found - fields_.begin());
  };
  source_ = number_of(columns.source, 0);
  target_ = number_of(columns.target, 1);
  features_ = number_of(columns.features, 0);
  needed_ = std::max({source_, target_, features_}) + 1;
}

bool DelimitedRows::next(Row& row) {
  row = Row();
  if (!lines_.next(row.line)) return false;
  row.flaw = read(row.line);
  if (!row.flaw) row.flaw = count_columns(row.line.text);
  if (row.flaw) return true;
  row.source = fields_[source_];
  row.target = fields_[target_];
  if (has_features_) row.features = fields_[features_];
  return true;
}

std::string DelimitedRows::note() const {
  if (!wide_) return {};
  return fmt::format(
      "note: {} has more than two columns: the first is the source, the second the target, and the others are left "
      "out; data.columns chooses columns",
      path_);
}

/// Cuts the line into fields_. The line grows when its row goes on in the next lines.
std::optional<Flaw> DelimitedRows::read(Line& line) {
  if (std::optional<Flaw> flaw = flaw_of(line)) return flaw;
  if (format_ == TableFormat::csv) return cut_commas(line);
  cut_tabs(line.text);
  return std::nullopt;
}

void DelimitedRows::cut_tabs(std::string_view text) {
  fields_.clear();
  for (std::size_t at = 0;;) {
    const std::size_t tab = text.find('\t', at);
    fields_.push_back({text.substr(at, tab - at), at});
    if (tab == std::string_view::npos) return;
    at = tab + 1;
  }
}

std::optional<Flaw> DelimitedRows::cut_commas(Line& line) {
  record_ = line.text;
  cells_.clear();
  fields_.clear();
  std::optional<Flaw> flaw;
  std::size_t lines = 0;  // after the first
  for (std::size_t at = 0; !flaw; ++at) {
    const std::size_t begin = at;
    if (at < record_.size() && record_[at] == '"') {
      flaw = cut_quoted(begin, at, lines);
    } else {
      at = std::min(record_.find(',', at), record_.size());
      cells_.push_back(record_.substr(begin, at - begin));
    }
    fields_.push_back({{}, begin});
    if (at == record_.size()) break;
  }
  if (!flaw) {
    Line skipped;
    for (std::size_t i = 0; i < lines; ++i) lines_.next(skipped);
    for (std::size_t i = 0; i < cells_.size(); ++i) fields_[i].text = cells_[i];
  }
  line.text = record_;
  return flaw ? flaw : flaw_of(line);
}

/// Reads the quoted field that begins at `begin`, and moves `at` to its end. `lines` grows with the record.
std::optional<Flaw> DelimitedRows::cut_quoted(std::size_t begin, std::size_t& at, std::size_t& lines) {
  std::string cell;
  for (at = begin + 1;;) {
    const std::size_t quote = record_.find('"', at);
    cell.append(record_, at, quote - at);
    if (quote == std::string::npos) {
      const Line* next = lines_.ahead(lines);
      if (next == nullptr || next->too_long || record_.size() + next->text.size() >= LineReader::longest)
        return Flaw{begin, "a quote that is never closed"};
      at = record_.size();
      record_ += '\n';
      record_ += next->text;
      ++lines;
    } else if (record_.compare(quote, 2, "\"\"") == 0) {
      cell += '"';
      at = quote + 2;
    } else {
      at = quote + 1;
      break;
    }
  }
  if (at < record_.size() && record_[at] != ',') return Flaw{at, "text between a closing quote and the next comma"};
  cells_.push_back(std::move(cell));
  return std::nullopt;
}

std::optional<Flaw> DelimitedRows::count_columns(std::string_view text) const {
  const std::size_t count = fields_.size();
  if (text.empty()) return Flaw{0, "an empty line"};
  if (count < needed_) {
    if (format_ == TableFormat::tsv && !chosen_) return Flaw{text.size(), "no tab between source and target"};
    return Flaw{text.size(),
                fmt::format("{}; expected {} or more", counted(static_cast<Index>(count), "column"), needed_)};
  }
  if (count == 2 || chosen_ || wide_) return std::nullopt;
  if (format_ == TableFormat::tsv) return Flaw{fields_[2].at - 1, "a second tab; expected two columns"};
  return Flaw{fields_[2].at, "a third column; expected two"};
}

}  // namespace gradus::data
