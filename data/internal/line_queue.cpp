#include <gradus/data/internal/line_queue.h>

#include <utility>

namespace gradus::data {

bool LineQueue::next(Line& line) {
  if (ahead(0) == nullptr) return false;
  current_ = std::move(held_.front());
  held_.pop_front();
  line = current_.line;
  line.text = current_.text;
  return true;
}

const Line* LineQueue::ahead(std::size_t i) {
  while (held_.size() <= i) {
    Line line;
    if (!reader_.next(line)) return nullptr;
    Held& last = held_.emplace_back(Held{std::string(line.text), line});
    last.line.text = last.text;
  }
  return &held_[i].line;
}

}  // namespace gradus::data
