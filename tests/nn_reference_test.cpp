// Layers against PyTorch in double precision. tests/reference/layers.py prints the numbers below, and has the formulas
// of weights and inputs.
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/ops.h>
#include <gradus/nn/attention.h>
#include <gradus/nn/recurrent.h>
#include <gradus/nn/relative_bias.h>
#include <gradus/nn/transformer.h>

#include "catch.h"

namespace gradus::nn_reference_test {
namespace {

struct Expected {
  std::vector<double> first;                // first elements of the first output
  std::vector<double> outputs;              // digests
  std::vector<double> input_gradients;      // digests
  std::map<std::string, double> gradients;  // digests, by parameter
};

// clang-format off
const Expected rnn{
    {0.183079697232297, -0.0877223818580113, -0.32755969749444},
    {0.819691047333786, 1.42748928291279},
    {1.84748070330576},
    {{"weight_ih_l0", 2.9772914101375},
     {"weight_hh_l0", 1.83850487414348},
     {"bias_ih_l0", 1.70635328973577},
     {"bias_hh_l0", 1.70635328973577},
     {"weight_ih_l1", -1.24229233311528},
     {"weight_hh_l1", 0.356217783823733},
     {"bias_ih_l1", -6.09563259816424},
     {"bias_hh_l1", -6.09563259816424}}};

const Expected gru{
    {-0.218964461513165, 0.136892672342318, 0.490714271664377},
    {4.09800189940034, -0.517575861358337},
    {-1.20770905031605},
    {{"weight_ih_l0", 6.46800159794324},
     {"weight_hh_l0", -1.31399103325128},
     {"bias_ih_l0", -0.855950908669836},
     {"bias_hh_l0", -0.783131744163051},
     {"weight_ih_l0_reverse", 1.39673333198984},
     {"weight_hh_l0_reverse", 0.951750147307205},
     {"bias_ih_l0_reverse", 0.583431870064919},
     {"bias_hh_l0_reverse", 0.613485408597888}}};

const Expected lstm{
    {-0.0479475440073823, -0.0566728031287244, 0.0985972576280451},
    {0.624638737924839, -0.277381876948747, -0.489168511584302},
    {-1.62682896439524},
    {{"weight_ih_l0", 2.88588053407273},
     {"weight_hh_l0", -3.78149039757567},
     {"bias_ih_l0", -1.89653005402884},
     {"bias_hh_l0", -1.89653005402884},
     {"weight_ih_l0_reverse", 0.497131789525638},
     {"weight_hh_l0_reverse", 0.313475428590442},
     {"bias_ih_l0_reverse", 0.648667988841749},
     {"bias_hh_l0_reverse", 0.648667988841749},
     {"weight_ih_l1", 0.964805249510735},
     {"weight_hh_l1", -0.455475964294875},
     {"bias_ih_l1", -0.190404796406485},
     {"bias_hh_l1", -0.190404796406485},
     {"weight_ih_l1_reverse", -0.548938497371511},
     {"weight_hh_l1_reverse", 1.2648552792187},
     {"bias_ih_l1_reverse", 0.545632215345351},
     {"bias_hh_l1_reverse", 0.54563221534535}}};

const Expected relu_without_bias{
    {0, 0, 0},
    {-1.39386815017631, 0.933166661378359},
    {-0.768712606701933},
    {{"weight_ih_l0", 1.84652771498414},
     {"weight_hh_l0", 1.01657223136119}}};

const Expected gru_without_bias{
    {-0.100786755490671, 0.212698043689981, 0.480375517564574},
    {0.339062226425766, 0.679941361391153},
    {0.767133961671313},
    {{"weight_ih_l0", 2.02912135500219},
     {"weight_hh_l0", 0.107903803935242}}};

const Expected lstm_without_bias{
    {-0.0538881963006613, 0.0444808081885119, 0.120582708086108},
    {0.296214332403237, 0.0628281148927266, 0.0788764403020188},
    {-0.676546763868149},
    {{"weight_ih_l0", 2.10834478208817},
     {"weight_hh_l0", -0.720856808557294}}};

const Expected multi_head{
    {-0.0536237647727584, -0.925737400629773, 0.0134647673632839},
    {-1.52743261885124, -1.52785175171582, 1.09310412219696},
    {1.27663401297943, -0.223042941889378},
    {{"in_proj_weight", 0.688643304839485},
     {"in_proj_bias", -0.720450453963621},
     {"out_proj.weight", -0.406283567680638},
     {"out_proj.bias", 11.4166533802642}}};

const Expected masked_multi_head{
    {-0.00625672374735603, -0.945104456011373, -0.0104854790328149},
    {-1.40484727075459, 1.11033188753538},
    {1.23125614625674, -0.0990656111847208},
    {{"in_proj_weight", -1.29391047437214},
     {"in_proj_bias", -0.404920838681927},
     {"out_proj.weight", -0.341317916235528},
     {"out_proj.bias", 5.70832669013212}}};

const Expected separate_sources{
    {0.0710234697655726, -0.297681032413988, 0.288904018627932},
    {-0.152288605034107, 1.14676129395389},
    {0.136700464658764, 0.105404929724774, -0.144933441633044, 0.170563653134783},
    {{"q_proj_weight", -0.0931244239048191},
     {"k_proj_weight", -0.565846970432351},
     {"v_proj_weight", -1.59238757995551},
     {"out_proj.weight", 0.0199338326858102}}};

const Expected encoder_post{
    {-0.201251051532419, 0.520058094097528, 0.45040483008702},
    {1.30711856969005},
    {0.024387530861928},
    {{"self_attn.in_proj_weight", 0.202760344378633},
     {"self_attn.in_proj_bias", -0.168830928585769},
     {"self_attn.out_proj.weight", 0.00479383356410368},
     {"self_attn.out_proj.bias", 0.0241471135109711},
     {"linear1.weight", -0.0632077686653761},
     {"linear1.bias", 0.42428618895507},
     {"linear2.weight", -0.780661556184946},
     {"linear2.bias", 0.0475004381253813},
     {"norm1.weight", -0.563884332443509},
     {"norm1.bias", 0.190321844900001},
     {"norm2.weight", -0.269489110310955},
     {"norm2.bias", 5.70832669013212}}};

const Expected encoder_pre{
    {0.821694487195976, 0.679767359532668, 0.994639539661198},
    {0.606716887632712},
    {23.6400971498604},
    {{"self_attn.in_proj_weight", 0.104644167920657},
     {"self_attn.in_proj_bias", -0.891387959732633},
     {"self_attn.out_proj.weight", -0.504010899856322},
     {"self_attn.out_proj.bias", 5.70785824332005},
     {"linear1.weight", 0.0364665308523082},
     {"linear1.bias", -0.720175144445824},
     {"linear2.weight", 0.848362522823178},
     {"linear2.bias", 5.70832669013212},
     {"norm1.weight", -0.00637468129704373},
     {"norm1.bias", 0.360181266506282},
     {"norm2.weight", -0.257722335152176},
     {"norm2.bias", -0.437538591283186}}};

const Expected decoder_post{
    {0.166468087146871, 0.623540111645461, 0.565001584556785},
    {2.36000193393882},
    {-0.0222312575845411, 0.52798715575908},
    {{"self_attn.in_proj_weight", 0.612691297256634},
     {"self_attn.in_proj_bias", 0.0939604367181762},
     {"self_attn.out_proj.weight", -0.168153151109816},
     {"self_attn.out_proj.bias", 0.0544020473418938},
     {"multihead_attn.in_proj_weight", -0.307930437065353},
     {"multihead_attn.in_proj_bias", 0.85659685038676},
     {"multihead_attn.out_proj.weight", 0.550336383560577},
     {"multihead_attn.out_proj.bias", 0.337734712941779},
     {"linear1.weight", 0.299002566968867},
     {"linear1.bias", -0.484957597172627},
     {"linear2.weight", 0.226006572512323},
     {"linear2.bias", 0.378610958634793},
     {"norm1.weight", -0.436934387901654},
     {"norm1.bias", 0.797285560066348},
     {"norm2.weight", 0.00478854135313023},
     {"norm2.bias", -0.0228331051930591},
     {"norm3.weight", 0.0968242170138179},
     {"norm3.bias", 5.70832669013212}}};

const Expected decoder_pre{
    {1.42350857954934, 0.441609253366887, 1.17121208497142},
    {1.00760481681689},
    {23.6024287642149, 0.364911715107322},
    {{"self_attn.in_proj_weight", 0.125626988271872},
     {"self_attn.in_proj_bias", -0.856094880662615},
     {"self_attn.out_proj.weight", -0.480612283616994},
     {"self_attn.out_proj.bias", 5.69644302819154},
     {"multihead_attn.in_proj_weight", 0.794387090799559},
     {"multihead_attn.in_proj_bias", 0.904353172868235},
     {"multihead_attn.out_proj.weight", 1.23055934371229},
     {"multihead_attn.out_proj.bias", 5.69998129021122},
     {"linear1.weight", 0.220680488106626},
     {"linear1.bias", -0.682062472328219},
     {"linear2.weight", 1.37818983678035},
     {"linear2.bias", 5.70832669013212},
     {"norm1.weight", 0.0133022167024739},
     {"norm1.bias", 0.332202210783352},
     {"norm2.weight", -0.00515382630389325},
     {"norm2.bias", 0.392667557291349},
     {"norm3.weight", -0.14913016127253},
     {"norm3.bias", -0.559695366869376}}};

const Expected encoder_stack{
    {-0.0740405741859918, 0.0398474237515234, 0.323593432839388},
    {1.39172817013357},
    {0.00384914408388672, 3.17537204298356e-05},
    {{"layers.0.self_attn.in_proj_weight", 0.000605995205855932},
     {"layers.0.self_attn.in_proj_bias", -0.00477329195103452},
     {"layers.0.self_attn.out_proj.weight", 0.000927605472503174},
     {"layers.0.self_attn.out_proj.bias", 0.000745562417783998},
     {"layers.0.linear1.weight", 0.00700292450821354},
     {"layers.0.linear1.bias", 0.00447292036339384},
     {"layers.0.linear2.weight", -0.00724333971038863},
     {"layers.0.linear2.bias", 0.000825015868541298},
     {"layers.0.norm1.weight", 0.00755448405984747},
     {"layers.0.norm1.bias", -0.00649920949575064},
     {"layers.0.norm2.weight", 0.00518615502321557},
     {"layers.0.norm2.bias", 0.000876234178147785},
     {"layers.1.self_attn.in_proj_weight", 0.0323268350716174},
     {"layers.1.self_attn.in_proj_bias", -0.0982339812624227},
     {"layers.1.self_attn.out_proj.weight", 0.03097729083276},
     {"layers.1.self_attn.out_proj.bias", -0.00326040810423612},
     {"layers.1.linear1.weight", 0.214079682890186},
     {"layers.1.linear1.bias", 0.334290253233145},
     {"layers.1.linear2.weight", -0.71471456325601},
     {"layers.1.linear2.bias", 0.105480751363571},
     {"layers.1.norm1.weight", -0.31890905765217},
     {"layers.1.norm1.bias", 0.120598018956877},
     {"layers.1.norm2.weight", 0.62171049403496},
     {"layers.1.norm2.bias", 0.212641651210432},
     {"norm.weight", -1.02341543774121},
     {"norm.bias", 5.70832669013212}}};

const Expected masked_decoder{
    {0.158539818667033, 0.642205216308214, 0.572618237407268},
    {2.32868029377511},
    {-0.265674691516329, 0.376891693719601, -0.0153656125126874},
    {{"self_attn.in_proj_weight", 0.607293297323269},
     {"self_attn.in_proj_bias", 0.117908897669147},
     {"self_attn.out_proj.weight", -0.152879127813161},
     {"self_attn.out_proj.bias", 0.0521298339506938},
     {"multihead_attn.in_proj_weight", -0.466785590038584},
     {"multihead_attn.in_proj_bias", 0.903695906457277},
     {"multihead_attn.out_proj.weight", 0.421624491712864},
     {"multihead_attn.out_proj.bias", 0.33075235313308},
     {"linear1.weight", 0.356525271723034},
     {"linear1.bias", -0.481172071814935},
     {"linear2.weight", 0.334311058475434},
     {"linear2.bias", 0.348444994748471},
     {"norm1.weight", -0.396885172618844},
     {"norm1.bias", 0.899078009677855},
     {"norm2.weight", -0.00715769939612892},
     {"norm2.bias", 0.0156577909574125},
     {"norm3.weight", 0.0949554969531529},
     {"norm3.bias", 5.70832669013212}}};

const Expected gated{
    {0.277335843147626, -0.262658961019612, 0.163438385583254},
    {-0.43293428626917},
    {-0.327246708778228},
    {{"linear1.weight", 0.0590317073167273},
     {"linear1.bias", -0.0778862571680597},
     {"linear2.weight", 0.725359302287435},
     {"linear2.bias", -3.81221049627077}}};

const Expected additive{
    {0.175981908342661, 0.178601359628877, 0.132215123440028},
    {0.534380334981717, 1.42927373255405},
    {-0.170838077180198, -0.666551699470461},
    {{"key.weight", 5.49251596364141},
     {"query.weight", 0.338637424391596},
     {"query.bias", -0.108721489766962},
     {"score.weight", -0.0812121792723834}}};

const Expected query_key_value{
    {0.26027818173473, 0.15061006293384, -0.232966063600969},
    {0.34731215705989, 0.243390535602522},
    {-0.968225310917822, 1.36748557251697},
    {{"query.weight", -0.0441691447821571},
     {"key.weight", 0.2865422075177},
     {"value.weight", 3.99502295253279}}};
// clang-format on

Tensor ramp(const Shape& shape, double phase = 1) {
  std::vector<double> v;
  for (Index i = 0; i < shape.numel(); ++i) v.push_back(std::sin(0.53 * static_cast<double>(i) + phase));
  return Tensor::from(v, shape).set_requires_grad();
}

void fill(nn::ParameterStore& store) {
  for (const nn::Parameter& p : store.all()) {
    double phase = 0;
    for (const char c : p.path) phase += c;
    Tensor t = p.tensor;
    double* out = t.mutable_data<double>();
    for (Index i = 0; i < t.numel(); ++i) out[i] = 0.4 * std::sin(0.37 * static_cast<double>(i) + phase);
  }
}

Tensor digest(const Tensor& t) {
  std::vector<double> v;
  for (Index i = 0; i < t.numel(); ++i) v.push_back(std::cos(0.17 * static_cast<double>(i)));
  return sum(reshape(t, {-1}) * Tensor::from(v, {t.numel()}));
}

void check(double actual, double expected) { CHECK(actual == Approx(expected).epsilon(1e-11).margin(1e-12)); }

void check(const Expected& expected, nn::ParameterStore& store, const std::vector<Tensor>& outputs,
           const std::vector<Tensor>& inputs) {
  Tensor loss = Tensor::scalar(0, DType::f64);
  REQUIRE(outputs.size() == expected.outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor d = digest(outputs[i]);
    check(d.item(), expected.outputs[i]);
    loss = loss + d;
  }
  for (std::size_t i = 0; i < expected.first.size(); ++i) check(outputs[0].data<double>()[i], expected.first[i]);
  loss.backward();
  for (std::size_t i = 0; i < inputs.size(); ++i) check(digest(inputs[i].grad()).item(), expected.input_gradients[i]);
  CHECK(store.all().size() == expected.gradients.size());
  for (const auto& [path, gradient] : expected.gradients) {
    INFO(path);
    check(digest(store.at(path).grad()).item(), gradient);
  }
}

// Lengths 5 and 3.
Tensor mask() { return Tensor::from(std::vector<double>{1, 1, 1, 1, 1, 1, 1, 1, 0, 0}, {2, 5}); }
// [T, S] with T = 4, S = 5
Tensor seen() {
  return Tensor::from(std::vector<Index>{1, 0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1}, {4, 5});
}
Tensor at_tokens(const Tensor& x) { return x * unsqueeze(mask(), -1); }

void check_recurrent(const Expected& expected, const nn::RecurrentOptions& options) {
  nn::ParameterStore store(1, DType::f64);
  const nn::Recurrent network(store.root(), options);
  fill(store);
  const Tensor x = ramp({2, 5, 3});
  const nn::Sequence s = network(x, mask());
  std::vector<Tensor> hidden, cells, outputs{at_tokens(s.outputs)};
  for (const nn::CellState& state : s.final) {
    hidden.push_back(state.hidden);
    if (state.cell.defined()) cells.push_back(state.cell);
  }
  outputs.push_back(stack(hidden));
  if (!cells.empty()) outputs.push_back(stack(cells));
  check(expected, store, outputs, {x});
}

void check_encoder(const Expected& expected, nn::NormOrder norm, nn::Activation activation) {
  nn::ParameterStore store(1, DType::f64);
  const nn::TransformerEncoderLayer layer(store.root(),
                                          {.dim = 6, .heads = 2, .ffn = 8, .norm = norm, .activation = activation});
  fill(store);
  const Tensor x = ramp({2, 5, 6});
  check(expected, store, {at_tokens(layer(x, mask()))}, {x});
}

void check_decoder(const Expected& expected, nn::NormOrder norm, nn::Activation activation) {
  nn::ParameterStore store(1, DType::f64);
  const nn::TransformerDecoderLayer layer(store.root(),
                                          {.dim = 6, .heads = 2, .ffn = 8, .norm = norm, .activation = activation});
  fill(store);
  const Tensor x = ramp({2, 4, 6}), h = ramp({2, 5, 6}, 0.3);
  check(expected, store, {layer(x, layer.key_values(h, mask()))}, {x, h});
}

}  // namespace

TEST_CASE("two layers of tanh RNN on padded sequences agree with PyTorch") {
  check_recurrent(rnn, {.kind = nn::CellKind::rnn, .in = 3, .hidden = 4, .layers = 2});
}

TEST_CASE("a bidirectional GRU on padded sequences agrees with PyTorch") {
  check_recurrent(gru, {.kind = nn::CellKind::gru, .in = 3, .hidden = 4, .bidirectional = true});
}

TEST_CASE("two bidirectional layers of LSTM on padded sequences agree with PyTorch") {
  check_recurrent(lstm, {.kind = nn::CellKind::lstm, .in = 3, .hidden = 4, .layers = 2, .bidirectional = true});
}

TEST_CASE("recurrent networks without biases, and a relu RNN, agree with PyTorch") {
  check_recurrent(
      relu_without_bias,
      {.kind = nn::CellKind::rnn, .in = 3, .hidden = 4, .bias = false, .nonlinearity = nn::Nonlinearity::relu});
  check_recurrent(gru_without_bias, {.kind = nn::CellKind::gru, .in = 3, .hidden = 4, .bias = false});
  check_recurrent(lstm_without_bias, {.kind = nn::CellKind::lstm, .in = 3, .hidden = 4, .bias = false});
}

TEST_CASE("multi-head attention across, causal, and its weights agree with PyTorch") {
  nn::ParameterStore store(1, DType::f64);
  const nn::MultiHeadAttention attention(store.root(), 6, 3);
  fill(store);
  const Tensor x = ramp({2, 4, 6}), h = ramp({2, 5, 6}, 0.3);
  const nn::KeyValues kv = attention.key_values(h, mask());
  check(multi_head, store,
        {attention.context(x, kv), attention(x, {}, {.causal = true}), attention.attention_weights(x, kv)}, {x, h});
}

TEST_CASE("multi-head attention with padding and a mask of its own agrees with PyTorch") {
  nn::ParameterStore store(1, DType::f64);
  const nn::MultiHeadAttention attention(store.root(), 6, 3);
  fill(store);
  const Tensor x = ramp({2, 4, 6}), h = ramp({2, 5, 6}, 0.3);
  const nn::KeyValues kv = attention.key_values(h, mask());
  check(masked_multi_head, store,
        {attention.context(x, kv, {.mask = seen()}), attention.attention_weights(x, kv, {.mask = seen()})}, {x, h});
}

TEST_CASE("multi-head attention with separate sources, a bias per head and no biases agrees with PyTorch") {
  nn::ParameterStore store(1, DType::f64);
  const nn::MultiHeadAttention attention(store.root(), {.dim = 6, .heads = 3, .kdim = 5, .vdim = 4, .bias = false});
  fill(store);
  const Tensor x = ramp({2, 4, 6}), k = ramp({2, 5, 5}, 0.3), v = ramp({2, 5, 4}, 0.6), bias = ramp({3, 4, 5}, 0.9);
  const nn::KeyValues kv = attention.key_values_from(k, v, mask());
  check(separate_sources, store,
        {attention.context(x, kv, {.bias = bias}), attention.attention_weights(x, kv, {.bias = bias})},
        {x, k, v, bias});
}

TEST_CASE("a Transformer encoder layer agrees with PyTorch") {
  check_encoder(encoder_post, nn::NormOrder::post, nn::Activation::relu);
  check_encoder(encoder_pre, nn::NormOrder::pre, nn::Activation::gelu);
}

TEST_CASE("a Transformer decoder layer agrees with PyTorch") {
  check_decoder(decoder_post, nn::NormOrder::post, nn::Activation::relu);
  check_decoder(decoder_pre, nn::NormOrder::pre, nn::Activation::gelu);
}

TEST_CASE("Transformer encoder layers with post-norm, a last norm, their epsilon and a bias agree with PyTorch") {
  nn::ParameterStore store(1, DType::f64);
  const nn::TransformerEncoder encoder(store.root(), {.dim = 6, .heads = 2, .ffn = 8, .eps = 0.1, .last_norm = true},
                                       2);
  fill(store);
  const Tensor x = ramp({2, 5, 6}), bias = ramp({5, 5}, 0.9);
  check(encoder_stack, store, {at_tokens(encoder(x, mask(), {.bias = bias}))}, {x, bias});
}

TEST_CASE("a Transformer decoder layer that is not causal, with masks of its own, agrees with PyTorch") {
  nn::ParameterStore store(1, DType::f64);
  const nn::TransformerDecoderLayer layer(store.root(), {.dim = 6, .heads = 2, .ffn = 8});
  fill(store);
  const Tensor x = ramp({2, 4, 6}), h = ramp({2, 5, 6}, 0.3), bias = ramp({4, 5}, 0.9);
  const nn::DecoderAttention attention{.causal = false, .mask = narrow(seen(), 1, 0, 4), .source_bias = bias};
  check(masked_decoder, store, {layer(x, layer.key_values(h, mask()), attention)}, {x, h, bias});
}

TEST_CASE("a gated feed-forward layer agrees with PyTorch") {
  nn::ParameterStore store(1, DType::f64);
  const nn::FeedForward layer(store.root(), 3, 5, {.activation = nn::Activation::silu, .gated = true});
  fill(store);
  const Tensor x = ramp({2, 4, 3});
  check(gated, store, {layer(x)}, {x});
}

TEST_CASE("ALiBi has the slopes of its paper, also for a number of heads that is not a power of two") {
  const std::vector<double> slopes{0.25, 0.0625, 0.015625, 0.00390625, 0.5, 0.125};
  const Tensor bias = nn::alibi(6, 2, 4, 2, DType::f64);  // queries at positions 2 and 3
  REQUIRE(bias.shape() == Shape{6, 2, 4});
  for (Index h = 0; h < 6; ++h)
    for (Index t = 0; t < 2; ++t)
      for (Index s = 0; s < 4; ++s)
        check(bias.data<double>()[(h * 2 + t) * 4 + s],
              -slopes[static_cast<std::size_t>(h)] * static_cast<double>(std::abs(t + 2 - s)));
  // Query 2 with twice the slope for source 3, which is after it.
  check(nn::alibi(6, 1, 4, 2, DType::f64, 2).data<double>()[3], -0.5);
  const Tensor four = nn::alibi(4, 1, 2);
  for (std::size_t h = 0; h < 4; ++h) CHECK(four.data<float>()[2 * h + 1] == static_cast<float>(-slopes[h]));
}

TEST_CASE("additive attention agrees with its equation in PyTorch") {
  nn::ParameterStore store(1, DType::f64);
  const nn::AdditiveAttention attention(store.root(), 3, 4, 6);
  fill(store);
  const Tensor s = ramp({2, 3}), h = ramp({2, 5, 4}, 0.3);
  const nn::KeyValues kv = attention.key_values(h, mask());
  check(additive, store, {attention.context(s, kv), attention.attention_weights(s, kv)}, {s, h});
}

TEST_CASE("query-key-value attention agrees with its equation in PyTorch") {
  nn::ParameterStore store(1, DType::f64);
  const nn::Attention attention(store.root(), 3, 4, 6);
  fill(store);
  const Tensor s = ramp({2, 4, 3}), h = ramp({2, 5, 4}, 0.3);
  const nn::KeyValues kv = attention.key_values(h, mask());
  check(query_key_value, store, {attention.context(s, kv), attention.attention_weights(s, kv)}, {s, h});
}

}  // namespace gradus::nn_reference_test
