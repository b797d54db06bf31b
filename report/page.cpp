#include <gradus/report/page.h>

#include <gradus/autograd/foundation/error.h>
#include <gradus/report/internal/page_files.h>

namespace gradus::report {
namespace {

std::string replaced(std::string_view text, char from, std::string_view to) {
  std::string result;
  for (const char c : text) {
    if (c == from)
      result += to;
    else
      result += c;
  }
  return result;
}

// Appends the part of the template before the mark, then the text, and removes both from the template.
void fill(std::string& page, std::string_view& rest, std::string_view mark, std::string_view text) {
  const std::size_t at = rest.find(mark);
  if (at == std::string_view::npos) throw Error("report/page/page.html lacks " + std::string(mark));
  page += rest.substr(0, at);
  page += text;
  rest.remove_prefix(at + mark.size());
}

}  // namespace

std::string page(std::string_view title, std::string_view data) {
  std::string page;
  std::string_view rest = page_html;
  fill(page, rest, "{{title}}", replaced(replaced(title, '&', "&amp;"), '<', "&lt;"));
  fill(page, rest, "{{style}}", page_style);
  // A '<' occurs only inside strings. As an escape, it cannot end the element or begin a comment.
  fill(page, rest, "{{data}}", replaced(data, '<', "\\u003c"));
  fill(page, rest, "{{script}}", page_script);
  return page += rest;
}

}  // namespace gradus::report
