#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>

#include <gradus/cli/internal/command.h>
#include <gradus/data/unicode.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/files/safetensors.h>
#include <gradus/train/report.h>

namespace gradus::cli {
namespace {

using namespace gradus::train;

std::string dtype_of(const files::NamedTensor& t) {
  return t.widened_from.empty() ? gradus::name(t.tensor.dtype()) : data::lowercase(t.widened_from);
}

// A name or a value from a file, prepared for one line of output.
std::string shown(const std::string& text) { return files::shown(text, 200); }

struct Numbers {
  double norm = 0;  // Euclidean
  Index not_finite = 0;
};

Numbers numbers_of(const Tensor& tensor) {
  Numbers result;
  double scale = 0;
  dispatch(tensor.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* values = tensor.data<T>();
    for (Index i = 0; i < tensor.numel(); ++i) {
      const double v = std::abs(static_cast<double>(values[i]));
      if (std::isfinite(v)) scale = std::max(scale, v);
    }
    double sum = 0;
    for (Index i = 0; i < tensor.numel(); ++i) {
      const auto v = static_cast<double>(values[i]);
      result.not_finite += std::isfinite(v) ? 0 : 1;
      if (scale > 0 && std::isfinite(v)) sum += (v / scale) * (v / scale);
    }
    result.norm = scale * std::sqrt(sum);
  });
  return result;
}

int inspect(const std::string& path) {
  const files::Safetensors file = files::read_safetensors(path);
  std::vector<std::vector<std::string>> rows{{"tensor", "dtype", "shape", "numbers", "norm"}};
  Index count = 0, not_finite = 0;
  for (const files::NamedTensor& t : file.tensors) {
    const Numbers numbers = numbers_of(t.tensor);
    std::string norm = fmt::format("{:.6g}", numbers.norm);
    if (numbers.not_finite > 0) norm += fmt::format(" + {} not finite", numbers.not_finite);
    const Index numel = t.tensor.numel();
    rows.push_back({shown(t.name), dtype_of(t), to_string(t.tensor.shape()), fmt::format("{}", numel), norm});
    count += numel;
    not_finite += numbers.not_finite;
  }
  print_result("{}", table(rows));
  print_result("{} tensors, {} numbers, {} not finite\n", file.tensors.size(), count, not_finite);
  for (const auto& [key, value] : file.metadata) print_result("{} = {}\n", shown(key), shown(value));
  return success;
}

}  // namespace

void add_inspect(CLI::App& program, Action& action) {
  CLI::App& command =
      *program.add_subcommand("inspect", "Print the contents of a checkpoint or another safetensors file");
  auto path = std::make_shared<std::string>();
  command.add_option("FILE", *path, "File to read")->required()->type_name("FILE");
  command.footer(
      "Prints one line per tensor, with name, dtype, shape, number of values and their Euclidean norm, then the "
      "metadata.\n\n"
      "Example:\n"
      "  gradus inspect runs/words/best.safetensors");
  command.callback([path, &action] { action = [path] { return inspect(*path); }; });
}

}  // namespace gradus::cli
