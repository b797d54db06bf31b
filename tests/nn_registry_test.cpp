#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include "catch.h"

namespace gradus::nn_registry_test {
namespace {

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// Parts of a layer, and the name of the layer whose gradient check runs them.
const std::map<std::string, std::string> checked_within = {
    {"CellWeights", "Cell"},
    {"RNNCell", "CellKind"},
    {"GRUCell", "CellKind"},
    {"LSTMCell", "CellKind"},
    {"ResidualNorm", "TransformerEncoder"},
    {"TransformerStack", "TransformerEncoder"},
    {"TransformerEncoderLayer", "TransformerEncoder"},
    {"TransformerDecoderLayer", "TransformerDecoder"},
};

}  // namespace

TEST_CASE("every layer has a gradient check and a test of wrong inputs") {
  const std::string checks = text_of("tests/nn_gradient_test.cpp");  // tests run in the root of the repository
  const std::string errors = text_of("tests/nn_errors_test.cpp") + text_of("tests/nn_convolution_test.cpp");
  REQUIRE_FALSE(checks.empty());
  REQUIRE_FALSE(errors.empty());
  const std::regex constructor("\n  ([A-Z][A-Za-z0-9]+)\\(Scope ");
  int layers = 0;
  for (const auto& file : std::filesystem::directory_iterator("nn")) {
    if (file.path().extension() != ".h") continue;
    const std::string header = text_of(file.path());
    for (std::sregex_iterator it(header.begin(), header.end(), constructor), end; it != end; ++it) {
      const std::string layer = (*it)[1];
      const auto within = checked_within.find(layer);
      INFO("nn/" << file.path().filename().string() << " defines " << layer
                 << ", which a test of gradients or of errors does not run");
      const std::regex name("\\b" + (within == checked_within.end() ? layer : within->second) + "\\b");
      CHECK(std::regex_search(checks, name));
      CHECK(std::regex_search(errors, name));
      ++layers;
    }
  }
  CHECK(layers >= 20);
}

}  // namespace gradus::nn_registry_test
