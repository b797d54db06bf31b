#include "table_checks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return gradus::fuzz::check_table(gradus::data::TableFormat::jsonl, data, size);
}
