// Derivatives of elementwise ops beyond the second. The numbers are printed by tests/reference/derivatives.py.
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/autograd/ops/pointwise.h>

#include "catch.h"

using namespace gradus;
using Function = std::function<Tensor(const Tensor&)>;

namespace {

Tensor leaf(double v, DType dtype = DType::f64) { return Tensor::full({1}, v, dtype).set_requires_grad(); }
double number(const Tensor& t) { return to(t.detach(), DType::f64).to_vector<double>()[0]; }

/// The derivative of sum(y) by x, itself differentiable.
Tensor derivative(const Tensor& y, const Tensor& x) {
  if (!y.requires_grad()) return Tensor::zeros(x.shape(), x.dtype());
  const Tensor g = grad({sum(y)}, {x}, {.create_graph = true, .allow_unused = true})[0];
  return g.defined() ? g : Tensor::zeros(x.shape(), x.dtype());
}

/// f and its derivatives 1 to n at v.
std::vector<double> derivatives(const Function& f, double v, int n, DType dtype = DType::f64) {
  const Tensor x = leaf(v, dtype);
  Tensor y = f(x);
  std::vector<double> found{number(y)};
  for (int order = 1; order <= n; ++order) {
    y = derivative(y, x);
    found.push_back(number(y));
  }
  return found;
}

Tensor swish(const Tensor& x) {
  return pointwise("swish", x, [](auto v) { return v * sigmoid(v); });
}
Tensor bump(const Tensor& x) {
  return pointwise("bump", x, [](auto v) { return softplus(v) / (1 + v * v); });
}

const std::map<std::string, Function>& functions() {
  static const std::map<std::string, Function> all{
      {"tanh", [](auto& x) { return tanh(x); }},
      {"exp", [](auto& x) { return exp(x); }},
      {"expm1", [](auto& x) { return expm1(x); }},
      {"log", [](auto& x) { return log(x); }},
      {"log1p", [](auto& x) { return log1p(x); }},
      {"sigmoid", [](auto& x) { return sigmoid(x); }},
      {"sqrt", [](auto& x) { return sqrt(x); }},
      {"rsqrt", [](auto& x) { return rsqrt(x); }},
      {"reciprocal", [](auto& x) { return reciprocal(x); }},
      {"softplus", [](auto& x) { return softplus(x); }},
      {"gelu", [](auto& x) { return gelu(x); }},
      {"gelu by tanh", [](auto& x) { return gelu(x, Gelu::tanh); }},
      {"silu", [](auto& x) { return silu(x); }},
      {"erf", [](auto& x) { return erf(x); }},
      {"sin", [](auto& x) { return sin(x); }},
      {"cos", [](auto& x) { return cos(x); }},
      {"relu", [](auto& x) { return relu(x); }},
      {"abs", [](auto& x) { return abs(x); }},
      {"clamp", [](auto& x) { return clamp(x, -0.5, 0.5); }},
      {"pow(x, 2.5)", [](auto& x) { return pow(x, 2.5); }},
      {"a user's swish", swish},
      {"a user's softplus(x) / (1 + x²)", bump},
  };
  return all;
}

struct Row {
  const char* function;
  double x;
  double derivatives[6];
};
const std::vector<Row> rows{
    {"tanh",
     -1.7,
     {0.1250098706334466, 0.23387073381089182, 0.40627467599904005, 0.5846491330997816, 0.3592923261377949,
      -1.9590136553063997}},
    {"tanh",
     -0.4,
     {0.8556387860811777, 0.6501981376737277, -0.9701512491541174, -4.075224392081779, 1.0074920302673323,
      48.2506023304905}},
    {"tanh",
     0.3,
     {0.9151369618266292, -0.5331818782014544, -1.3643061061011235, 3.72248581661372, 6.113703931953152,
      -52.17630757678585}},
    {"tanh",
     2.4,
     {0.03238377434131799, -0.06371020923356045, 0.12324284432173552, -0.23008271246554848, 0.3963706666435663,
      -0.548253703840354}},
    {"exp",
     -1.7,
     {0.18268352405273466, 0.18268352405273466, 0.18268352405273466, 0.18268352405273466, 0.18268352405273466,
      0.18268352405273466}},
    {"exp",
     -0.4,
     {0.6703200460356393, 0.6703200460356393, 0.6703200460356393, 0.6703200460356393, 0.6703200460356393,
      0.6703200460356393}},
    {"exp",
     0.3,
     {1.3498588075760032, 1.3498588075760032, 1.3498588075760032, 1.3498588075760032, 1.3498588075760032,
      1.3498588075760032}},
    {"exp",
     2.4,
     {11.023176380641601, 11.023176380641601, 11.023176380641601, 11.023176380641601, 11.023176380641601,
      11.023176380641601}},
    {"expm1",
     -1.7,
     {0.18268352405273466, 0.18268352405273466, 0.18268352405273466, 0.18268352405273466, 0.18268352405273466,
      0.18268352405273466}},
    {"expm1",
     -0.4,
     {0.6703200460356393, 0.6703200460356393, 0.6703200460356393, 0.6703200460356393, 0.6703200460356393,
      0.6703200460356393}},
    {"expm1",
     0.3,
     {1.3498588075760032, 1.3498588075760032, 1.3498588075760032, 1.3498588075760032, 1.3498588075760032,
      1.3498588075760032}},
    {"expm1",
     2.4,
     {11.023176380641601, 11.023176380641601, 11.023176380641601, 11.023176380641601, 11.023176380641601,
      11.023176380641601}},
    {"log",
     0.3,
     {3.3333333333333335, -11.11111111111111, 74.07407407407408, -740.7407407407408, 9876.543209876543,
      -164609.0534979424}},
    {"log",
     1.1,
     {0.9090909090909091, -0.8264462809917356, 1.5026296018031555, -4.098080732190424, 14.902111753419724,
      -67.73687160645329}},
    {"log",
     2.4,
     {0.4166666666666667, -0.1736111111111111, 0.14467592592592593, -0.1808449074074074, 0.3014081790123457,
      -0.6279337062757202}},
    {"log1p",
     0.3,
     {0.7692307692307693, -0.591715976331361, 0.9103322712790168, -2.1007667798746543, 6.463897784229705,
      -24.861145323960404}},
    {"log1p",
     1.1,
     {0.47619047619047616, -0.22675736961451248, 0.21595939963286903, -0.30851342804695575, 0.5876446248513443,
      -1.3991538686936769}},
    {"log1p",
     2.4,
     {0.29411764705882354, -0.08650519031141868, 0.0508854060655404, -0.04489888770488859, 0.052822220829280696,
      -0.07767973651364808}},
    {"sigmoid",
     -1.7,
     {0.13060574696620805, 0.09025764431307129, 0.028258580122601067, -0.051200360345956666, -0.11378752374213863,
      -0.06277552809681791}},
    {"sigmoid",
     -0.4,
     {0.24026074574152914, 0.04742154162820856, -0.10609060992412515, -0.08930087784146772, 0.17279666742965163,
      0.34928035812094477}},
    {"sigmoid",
     0.3,
     {0.24445831169074586, -0.03639618395557624, -0.11410088523739328, 0.07037201222561554, 0.2047178454949015,
      -0.28556639247123183}},
    {"sigmoid",
     2.4,
     {0.07625499905185225, -0.06357033126728416, 0.04136604976946433, -0.005399664661131919, -0.044980611471115116,
      0.09420887795654447}},
    {"sqrt",
     0.3,
     {0.9128709291752769, -1.5214515486254614, 7.607257743127307, -63.39381452606089, 739.5945028040437,
      -11093.917542060657}},
    {"sqrt",
     1.1,
     {0.4767312946227962, -0.21669604301036188, 0.2954946041050389, -0.6715786456932703, 2.1368411453876783,
      -8.741622867495048}},
    {"sqrt",
     2.4,
     {0.3227486121839514, -0.06723929420498988, 0.04202455887811867, -0.04377558216470695, 0.06383939065686431,
      -0.11969885748162057}},
    {"rsqrt",
     0.3,
     {-3.042903097250923, 15.214515486254614, -126.78762905212179, 1479.1890056080874, -22187.835084121314,
      406776.97654222406}},
    {"rsqrt",
     1.1,
     {-0.43339208602072377, 0.5909892082100778, -1.3431572913865406, 4.273682290775357, -17.483245734990096,
      87.41622867495047}},
    {"rsqrt",
     2.4,
     {-0.13447858840997975, 0.08404911775623734, -0.0875511643294139, 0.12767878131372862, -0.23939771496324114,
      0.5486197634574276}},
    {"reciprocal",
     -1.7,
     {-0.3460207612456747, -0.4070832485243232, -0.7183822032782174, -1.6903110665369823, -4.971503136873477,
      -17.54648165955345}},
    {"reciprocal", -0.4, {-6.25, -31.25, -234.375, -2343.75, -29296.875, -439453.125}},
    {"reciprocal",
     0.3,
     {-11.11111111111111, 74.07407407407408, -740.7407407407408, 9876.543209876543, -164609.0534979424,
      3292181.069958848}},
    {"reciprocal",
     2.4,
     {-0.1736111111111111, 0.14467592592592593, -0.1808449074074074, 0.3014081790123457, -0.6279337062757202,
      1.5698342656893005}},
    {"softplus",
     -1.7,
     {0.1544652650835347, 0.13060574696620805, 0.09025764431307129, 0.028258580122601067, -0.051200360345956666,
      -0.11378752374213863}},
    {"softplus",
     -0.4,
     {0.401312339887548, 0.24026074574152914, 0.04742154162820856, -0.10609060992412515, -0.08930087784146772,
      0.17279666742965163}},
    {"softplus",
     0.3,
     {0.574442516811659, 0.24445831169074586, -0.03639618395557624, -0.11410088523739328, 0.07037201222561554,
      0.2047178454949015}},
    {"softplus",
     2.4,
     {0.9168273035060777, 0.07625499905185225, -0.06357033126728416, 0.04136604976946433, -0.005399664661131919,
      -0.044980611471115116}},
    {"gelu",
     -1.7,
     {-0.11531796878216473, -0.08370367886542936, 0.17747060901018563, 0.7409092266673775, 0.8694301123752147,
      -1.8710094298143898}},
    {"gelu",
     -0.4,
     {0.19727020226834652, 0.6776170581581149, 0.5656629355059046, -1.0700457196653361, -2.396053917647094,
      3.77311319555826}},
    {"gelu",
     0.3,
     {0.7323277668271099, 0.728450727529601, -0.44736790753519473, -1.2883661794071963, 1.9471487946866235,
      5.163560434491841}},
    {"gelu",
     2.4,
     {1.0455493367830269, -0.0842034339086093, 0.0945944959654164, 0.07037257199851432, -0.6547659020733458,
      1.4327712333903628}},
    {"gelu by tanh",
     -1.7,
     {-0.115914631452605, -0.08213397930632702, 0.18066824381982227, 0.725078962068684, 0.8349144576590917,
      -1.6707665399778}},
    {"gelu by tanh",
     -0.4,
     {0.19734116557943865, 0.6771476890415857, 0.5672593369130141, -1.0671414897326965, -2.4388161070822982,
      3.7721618976209705}},
    {"gelu by tanh",
     0.3,
     {0.7322954516388018, 0.7281484484339119, -0.4490437350710108, -1.289624873970486, 1.9865096915300946,
      5.230594754936933}},
    {"gelu by tanh",
     2.4,
     {1.0460599586057284, -0.08583159922487589, 0.09264164979102785, 0.0850707789150202, -0.6514835936619181,
      1.2594342352244754}},
    {"silu",
     -1.7,
     {-0.067564504759019, 0.10777349860019493, 0.22273334673079204, 0.2000749330785306, -0.06256301136814768,
      -0.5760067446882413}},
    {"silu",
     -0.4,
     {0.30520804159093634, 0.4615528748317749, 0.18470086885427572, -0.38864208855991356, -0.5156230561791992,
      0.897067861329532}},
    {"silu",
     0.3,
     {0.6477800103188828, 0.4779977681948189, -0.1434188174379467, -0.4352919372818885, 0.4132754147765481,
      1.1426371552280394}},
    {"silu",
     2.4,
     {1.099839301230523, -5.8796937777482395e-05, -0.09143247435513809, 0.1525050038911407, -0.13495179083633588,
      -0.04378236173098398}},
    {"erf",
     -1.7,
     {0.06271104049686839, 0.2132175376893525, 0.5995175471500618, 1.1854895095528, 0.43355904957914926,
      -8.009815307853293}},
    {"erf",
     -0.4,
     {0.9615412988393078, 0.7692330390714462, -1.3076961664214586, -4.123089089422952, 4.54770572699039,
      36.62287729697593}},
    {"erf",
     0.3,
     {1.031260909618963, -0.6187565457713778, -1.6912678917750994, 3.489786918150571, 8.053735199760254,
      -32.75053646506072}},
    {"erf",
     2.4,
     {0.003555648680877747, -0.017067113668213185, 0.0748108482456678, -0.29082361690635267, 0.9470882716764861,
      -2.219434768796312}},
    {"sin",
     -1.7,
     {-0.1288444942955247, 0.9916648104524686, 0.1288444942955247, -0.9916648104524686, -0.1288444942955247,
      0.9916648104524686}},
    {"sin",
     -0.4,
     {0.9210609940028851, 0.38941834230865047, -0.9210609940028851, -0.38941834230865047, 0.9210609940028851,
      0.38941834230865047}},
    {"sin",
     0.3,
     {0.955336489125606, -0.2955202066613396, -0.955336489125606, 0.2955202066613396, 0.955336489125606,
      -0.2955202066613396}},
    {"sin",
     2.4,
     {-0.7373937155412456, -0.675463180551151, 0.7373937155412456, 0.675463180551151, -0.7373937155412456,
      -0.675463180551151}},
    {"cos",
     -1.7,
     {0.9916648104524686, 0.1288444942955247, -0.9916648104524686, -0.1288444942955247, 0.9916648104524686,
      0.1288444942955247}},
    {"cos",
     -0.4,
     {0.38941834230865047, -0.9210609940028851, -0.38941834230865047, 0.9210609940028851, 0.38941834230865047,
      -0.9210609940028851}},
    {"cos",
     0.3,
     {-0.2955202066613396, -0.955336489125606, 0.2955202066613396, 0.955336489125606, -0.2955202066613396,
      -0.955336489125606}},
    {"cos",
     2.4,
     {-0.675463180551151, 0.7373937155412456, 0.675463180551151, -0.7373937155412456, -0.675463180551151,
      0.7373937155412456}},
    {"pow(x, 2.5)",
     0.3,
     {0.4107919181288746, 2.053959590644373, 3.4232659844072884, -5.70544330734548, 28.5272165367274,
      -237.72680447272836}},
    {"pow(x, 2.5)",
     1.1,
     {2.884224332467917, 3.9330331806380685, 1.7877423548354856, -0.8126101612888571, 1.108104765393896,
      -2.518419921349764}},
    {"pow(x, 2.5)",
     2.4,
     {9.2951600308978, 5.809475019311125, 1.2103072956898178, -0.252147353268712, 0.15759209579294503,
      -0.16415843311765108}},
    {"a user's swish",
     -1.7,
     {-0.067564504759019, 0.10777349860019493, 0.22273334673079204, 0.2000749330785306, -0.06256301136814768,
      -0.5760067446882413}},
    {"a user's swish",
     -0.4,
     {0.30520804159093634, 0.4615528748317749, 0.18470086885427572, -0.38864208855991356, -0.5156230561791992,
      0.897067861329532}},
    {"a user's swish",
     0.3,
     {0.6477800103188828, 0.4779977681948189, -0.1434188174379467, -0.4352919372818885, 0.4132754147765481,
      1.1426371552280394}},
    {"a user's swish",
     2.4,
     {1.099839301230523, -5.8796937777482395e-05, -0.09143247435513809, 0.1525050038911407, -0.13495179083633588,
      -0.04378236173098398}},
    {"a user's softplus(x) / (1 + x²)",
     -1.7,
     {0.07740778749071538, 0.14671295402689782, 0.2885046402167447, 0.5633332233284203, 0.9653911650134434,
      0.6889962834651663}},
    {"a user's softplus(x) / (1 + x²)",
     -0.4,
     {0.6509620364071922, 0.3424921966646977, -2.6175598317410946, -10.855334854717242, 7.621169256992637,
      312.42625408837205}},
    {"a user's softplus(x) / (1 + x²)",
     0.3,
     {0.09555525346653651, -1.3191121965561576, 1.6189672009598979, 10.852957973516279, -59.511785254606586,
      -101.96476554441263}},
    {"a user's softplus(x) / (1 + x²)",
     2.4,
     {-0.1255877980164795, 0.08079105312664288, -0.07003472014675512, 0.06161834897447456, -0.012358822058198077,
      -0.227455178317936}},
};

struct PowRow {
  double x, y;
  int in_x, in_y;  // how often differentiated by x, then by y
  double derivative;
};
const std::vector<PowRow> pow_rows{
    {0.3, -1.2, 1, 0, -16.96346182052523},  {0.3, -1.2, 2, 0, 124.398720017185},
    {0.3, -1.2, 3, 0, -1326.9196801833068}, {0.3, -1.2, 4, 0, 18576.875522566294},
    {0.3, -1.2, 5, 0, -321999.17572448245}, {0.3, -1.2, 6, 0, 6654649.631639304},
    {0.3, -1.2, 0, 1, -5.105886674783426},  {0.3, -1.2, 0, 2, 6.147348698409431},
    {0.3, -1.2, 0, 3, -7.401240651593395},  {0.3, -1.2, 0, 4, 8.910892462790017},
    {0.3, -1.2, 0, 5, -10.728472187472143}, {0.3, -1.2, 0, 6, 12.916788745683645},
    {0.3, -1.2, 1, 1, 34.55976488290473},   {0.3, -1.2, 2, 1, -309.9831485430521},
    {0.3, -1.2, 1, 2, -58.628639292193895}, {0.3, -1.2, 2, 2, 660.3417873621202},
    {0.3, -1.2, 3, 3, 19981.498121642926},  {1.7, 2.5, 1, 0, 5.541322044422252},
    {1.7, 2.5, 2, 0, 4.889401803901986},    {1.7, 2.5, 3, 0, 1.4380593540888196},
    {1.7, 2.5, 4, 0, -0.42295863355553515}, {1.7, 2.5, 5, 0, 0.3731987943137075},
    {1.7, 2.5, 6, 0, -0.5488217563436875},  {1.7, 2.5, 0, 1, 1.9994597770027402},
    {1.7, 2.5, 0, 2, 1.0609698445401212},   {1.7, 2.5, 0, 3, 0.5629805730380274},
    {1.7, 2.5, 0, 4, 0.2987333968531469},   {1.7, 2.5, 0, 5, 0.15851637990604664},
    {1.7, 2.5, 0, 6, 0.0841132694342521},   {1.7, 2.5, 1, 1, 5.15691084277293},
    {1.7, 2.5, 2, 1, 7.809816652106851},    {1.7, 2.5, 1, 2, 3.912555391385755},
    {1.7, 2.5, 2, 2, 9.519208689779113},    {1.7, 2.5, 3, 3, 19.530088807873025},
};

}  // namespace

TEST_CASE("derivatives 1 to 6 of functions equal closed forms to 1e-9") {
  for (const Row& row : rows) {
    const std::vector<double> found = derivatives(functions().at(row.function), row.x, 6);
    for (std::size_t order = 1; order <= 6; ++order) {
      INFO(row.function << " at " << row.x << ", order " << order);
      CHECK(found[order] == Approx(row.derivatives[order - 1]).epsilon(1e-9));
    }
  }
}

TEST_CASE("derivatives of pow(x, y) by x and y equal closed forms to 1e-9") {
  for (const PowRow& row : pow_rows) {
    const Tensor x = leaf(row.x), y = leaf(row.y);
    Tensor d = pow(x, y);
    for (int i = 0; i < row.in_x; ++i) d = derivative(d, x);
    for (int i = 0; i < row.in_y; ++i) d = derivative(d, y);
    INFO("pow(" << row.x << ", " << row.y << "), " << row.in_x << " times by x and " << row.in_y << " by y");
    CHECK(number(d) == Approx(row.derivative).epsilon(1e-9));
  }
}

TEST_CASE("third derivatives in f32 equal those in f64") {
  for (const Row& row : rows) {
    const double found = derivatives(functions().at(row.function), row.x, 3, DType::f32)[3];
    INFO(row.function << " at " << row.x);
    CHECK(found == Approx(row.derivatives[2]).epsilon(1e-4).margin(1e-5));
  }
}

TEST_CASE("higher derivatives at infinities and large arguments are the limits, not NaN") {
  for (const char* name : {"tanh", "sigmoid", "softplus", "silu", "gelu", "gelu by tanh", "relu", "abs", "clamp"}) {
    for (double v : {1e4, -1e4, 1e30, -1e30, HUGE_VAL, -HUGE_VAL}) {
      for (DType dtype : {DType::f32, DType::f64}) {
        const std::vector<double> found = derivatives(functions().at(name), v, 4, dtype);
        INFO(name << " at " << v);
        for (std::size_t order = 2; order <= 4; ++order) CHECK(found[order] == 0);
      }
    }
  }
  for (int order = 0; order <= 4; ++order) {
    const auto at = static_cast<std::size_t>(order);
    CHECK(derivatives(functions().at("exp"), -INFINITY, 4)[at] == 0);
    CHECK(derivatives(functions().at("reciprocal"), INFINITY, 4)[at] == 0);
  }
}

TEST_CASE("higher derivatives of pow at 0 are exact") {
  const auto at_zero = [](double exponent) {
    return derivatives([exponent](auto& x) { return pow(x, Tensor::scalar(exponent, x.dtype())); }, 0, 4);
  };
  CHECK(at_zero(0) == std::vector<double>{1, 0, 0, 0, 0});
  CHECK(at_zero(1) == std::vector<double>{0, 1, 0, 0, 0});
  CHECK(at_zero(2) == std::vector<double>{0, 0, 2, 0, 0});
  CHECK(at_zero(3) == std::vector<double>{0, 0, 0, 6, 0});
  CHECK(at_zero(4) == std::vector<double>{0, 0, 0, 0, 24});
  // The derivatives by the exponent are 0.
  const Tensor x = leaf(0), y = leaf(2);
  CHECK(number(derivative(derivative(derivative(pow(x, y), y), y), y)) == 0);
}

TEST_CASE("conditions in formulas apply to each element at every order") {
  // 2 x³ below 1, x⁴ from 1 on; the other branch is infinite or NaN at some elements.
  const Function piecewise = [](const Tensor& x) {
    return pointwise("piecewise", x, [](auto v) {
      using S = decltype(v);
      const auto low = v < 1.0 && !(v >= 1.0);
      return where(low || value_of(v) < 1, 2 * v * v * v, pow(max(v, S(0)), S(4.0))) +
             where(v > 100, log(v - 1.5), 0.0);
    });
  };
  const Tensor x = Tensor::from<double>({-2, 0.5, 1, 3}, {4}).set_requires_grad();
  const Tensor first = derivative(piecewise(x), x), second = derivative(first, x), third = derivative(second, x),
               fourth = derivative(third, x);
  CHECK(first.to_vector<double>() == std::vector<double>{24, 1.5, 4, 108});
  CHECK(second.to_vector<double>() == std::vector<double>{-24, 6, 12, 108});
  CHECK(third.to_vector<double>() == std::vector<double>{12, 12, 24, 72});
  CHECK(fourth.to_vector<double>() == std::vector<double>{0, 0, 24, 24});
}

TEST_CASE("constant_of is a constant at every order") {
  const Function f = [](const Tensor& x) {
    return pointwise("frozen", x, [](auto v) { return constant_of(v) * v * v; });
  };
  const std::vector<double> found = derivatives(f, 3, 3);
  CHECK(found == std::vector<double>{27, 18, 6, 0});
}

TEST_CASE("minimum, maximum and abs of powers have the higher derivatives of the chosen branch") {
  const Tensor x = Tensor::from<double>({-2, 3}, {2}).set_requires_grad();
  const Tensor y = maximum(x * x * x, x * x) + minimum(x, x * x * x * x) + abs(x * x * x);
  Tensor d = y;
  for (int order = 0; order < 3; ++order) d = derivative(d, x);
  CHECK(d.to_vector<double>() == std::vector<double>{-6, 12});
}

TEST_CASE("mixed derivatives of a formula of two inputs broadcast") {
  const Tensor a = Tensor::uniform({300, 1}, 0.5, 2, Philox(1, 1), DType::f64).set_requires_grad(),
               b = Tensor::uniform({7}, 0.5, 2, Philox(1, 2), DType::f64).set_requires_grad();
  const Tensor y = pointwise("product", a, b, [](auto x, auto z) { return sin(x) * exp(z); });
  const Tensor d = derivative(derivative(derivative(y, a), b), a);  // -sin(a) exp(b), summed over b
  CHECK(d.shape() == a.shape());
  const Tensor want = -sin(a) * sum(exp(b));
  for (Index i = 0; i < d.numel(); ++i) CHECK(d.data<double>()[i] == Approx(want.data<double>()[i]).epsilon(1e-12));
}

TEST_CASE("given slopes are differentiated at all orders") {
  const Tensor x = leaf(0.7), z = leaf(-0.4);
  const auto cube = [](auto v, auto) { return 3 * v * v; };
  const Tensor y = pointwise(
      "cube", x, z, [](auto v, auto w) { return v * v * v + w * w; }, cube, [](auto, auto w) { return 2 * w; });
  CHECK(number(derivative(derivative(derivative(y, x), x), x)) == Approx(6));
  CHECK(number(derivative(derivative(y, z), z)) == Approx(2));
  const Tensor e = pointwise(
      "exponential", x, [](auto v) { return exp(v); }, of_result([](auto r) { return r; }));
  CHECK(number(derivative(derivative(derivative(e, x), x), x)) == Approx(std::exp(0.7)).epsilon(1e-14));
}

TEST_CASE("a formula may own values that a later derivative needs") {
  Tensor d;
  const Tensor x = leaf(2);
  {
    const std::vector<double> coefficients{1, 2, 3, 4};
    d = pointwise("polynomial", x, [coefficients](auto v) {
      decltype(v) sum(0);
      for (std::size_t i = coefficients.size(); i-- > 0;) sum = sum * v + coefficients[i];
      return sum;
    });
  }
  CHECK(number(d) == 49);
  for (double want : {62.0, 54.0, 24.0, 0.0}) {
    d = derivative(d, x);
    CHECK(number(d) == want);
  }
}
