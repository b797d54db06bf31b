// A name generator: a GRU reads the rivers of Europe letter by letter, and draws new ones, at any temperature.
// Build: cmake --preset release && cmake --build --preset release --target example_name_generator
// Run:   build/release/examples/name_generator [TEMPERATURE]
#include <cstdio>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gradus/autograd/autograd.h>
#include <gradus/nn/embedding.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/recurrent.h>
#include <gradus/nn/training.h>
#include <gradus/optim/adam.h>

using namespace gradus;

constexpr const char* rivers =
    "adige aller alster aragon arda arno avon barrow bode bosna bug cetina charente coquet creuse danube dee derwent "
    "dnieper dniester dora dordogne douro drau duero dunajec ebro eden eider elbe elde enns esk esla fal fulda "
    "garonne gauja glomma gota hase havel ialomita ibar indre isar isere itz jagst jiu kama klar kocher kupa lagan "
    "leine lek lippe loire maas main mersey meuse moldau moraca moselle mulde naab nalon navia neckar nera neretva "
    "neva nidda nore oder ogre oise olt orne oste pechora pescara piave piva po pripyat prosna raba rance regnitz "
    "reka rhine rhone rott ruhr saar samara sambre sarthe sauer segre segura seine senne serio sieg siret skawa "
    "spree stour sulm swale tamega tanaro tauber taw tejo test thames tiber timis towy traun trent tundzha tyne "
    "ulster urola usk vardar vecht vezere vienne visla vistula volga volkhov vrbas wisla wupper wye yonne zschopau "
    "zwalm";
constexpr Index end = 0, symbols = 27, longest = 10, ignored = -1;  // symbols: the end of a name, then a to z

struct Letters {
  nn::Embedding embedding;
  nn::Recurrent network;
  nn::Dropout dropout;
  nn::Linear output;

  explicit Letters(nn::Scope scope)
      : embedding(scope / "embedding", symbols, 16),
        network(scope / "network", {.kind = nn::CellKind::gru, .in = 16, .hidden = 64}),
        dropout{0.3},
        output(scope / "output", 64, symbols) {}

  /// letters [names, time] -> logits of the next letters [names, time, symbols]
  Tensor operator()(const Tensor& letters) const {
    return output(dropout(network(dropout(embedding(letters))).outputs));
  }
};

struct Batch {
  Tensor in, out;  // [names, longest + 1]: the end of the name before and the letters; the letters and the end
};

Batch batch_of(const std::vector<std::string>& names) {
  const auto rows = static_cast<Index>(names.size()), width = longest + 1;
  std::vector<Index> in(static_cast<std::size_t>(rows * width), end), out(in.size(), ignored);
  for (std::size_t row = 0; row < names.size(); ++row) {
    std::size_t at = row * width;
    for (const char letter : names[row]) in[at + 1] = out[at] = letter - 'a' + 1, ++at;
    out[at] = end;
  }
  return {Tensor::from(in, {rows, width}), Tensor::from(out, {rows, width})};
}

std::vector<std::string> draw(const Letters& model, Index count, double temperature) {
  const NoGrad no_grad;
  std::vector<std::string> names(static_cast<std::size_t>(count));
  std::vector<bool> ended(names.size(), false);
  std::vector<nn::CellState> states = model.network.zero_states(count);
  Tensor letters = Tensor::zeros({count}, DType::i64);
  for (Index length = 0; length < longest; ++length) {
    states = model.network.step(model.embedding(letters), states);
    letters = reshape(multinomial(softmax(model.output(states.back().hidden) / temperature, -1), 1), {count});
    for (std::size_t i = 0; i < names.size(); ++i) {
      const Index letter = letters.data<Index>()[i];
      if (letter == end) ended[i] = true;
      if (!ended[i]) names[i] += static_cast<char>('a' + letter - 1);
    }
  }
  return names;
}

int main(int argc, char** argv) {
  const double temperature = argc > 1 ? std::atof(argv[1]) : 0.7;
  std::vector<std::string> names;
  std::istringstream words(rivers);
  for (std::string word; words >> word;) names.push_back(word);

  nn::ParameterStore store(/*seed=*/1);
  const Letters model(store.root());
  const auto [in, out] = batch_of(names);
  optim::Adam adam(store.trainable());
  const RandomScope random(/*seed=*/1, /*stream=*/0);  // of dropout and of the drawn names
  double last = 0;
  for (int step = 1; step <= 60; ++step) {
    const nn::Training on;
    const Tensor loss = cross_entropy(model(in), out, {.ignore_index = ignored});
    loss.backward();
    adam.step(/*lr=*/0.01);
    adam.zero_grad();
    last = loss.item();
    if (step % 10 == 0) std::printf("step %2d: loss %.3f nats per letter\n", step, last);
  }

  const std::set<std::string> old(names.begin(), names.end());
  std::set<std::string> fresh;
  for (const std::string& name : draw(model, 40, temperature))
    if (!old.contains(name)) fresh.insert(name);
  for (const std::string& name : fresh) std::printf("%s ", name.c_str());
  std::printf("\n%d new names of 40\n", static_cast<int>(fresh.size()));
  if (last < 2.3 && fresh.size() > 20) return 0;
  std::fprintf(stderr, "expected a loss below 2.3, and 20 new names\n");
  return 1;
}
