#include <gradus/autograd/checks/internal/differences.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace gradus::differences {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr int most_levels = 20;
constexpr double smallest_step = 1e-10;

// The values of f on both sides of a point, at one step.
struct Sides {
  double h, up, down;      // the step, and the steps that rounding makes of it
  double magnitude;        // of the moved input
  double shared_rounding;  // epsilon * (largest output) / h
  Values above, below;
};

// Ridders' tableau of one output. Row k, column c uses the steps from h / 2^(k - c) down to h / 2^k. The result is the
// entry that differs least from its neighbours, relative to its size or to 1/1000 of the largest difference seen.
class Tableau {
 public:
  Slope slope{.error = std::numeric_limits<double>::infinity()};

  // Adds row k.
  void extend(int k, const Sides& s, std::size_t j) {
    std::swap(before_, row_);
    row_.assign(1, (s.above[j] - s.below[j]) / (s.up + s.down));
    steepest_ = std::max(steepest_, std::fabs(row_[0]));
    const double floor = 1e-3 * steepest_;
    double factor = 1;
    for (std::size_t c = 1; c <= static_cast<std::size_t>(k); ++c) {
      factor *= 4;
      const double value = row_[c - 1] + (row_[c - 1] - before_[c - 1]) / (factor - 1);
      row_.push_back(value);
      // Outputs often share a rounding error, so agreement of neighbours beyond the rounding error is chance.
      const double error =
          std::max(std::fabs(value - row_[c - 1]), std::fabs(value - before_[c - 1])) + s.shared_rounding;
      if (k == 1 || error * (std::fabs(slope.value) + floor) < slope.error * (std::fabs(value) + floor)) {
        slope.error = error;
        slope.value = value;
        slope.step = s.h;
      }
    }
  }

  // Updates the one-sided slopes, the noise and the kink. True when smaller steps give no more information; `scale` is
  // the largest slope of all outputs.
  bool settle(const Sides& s, std::size_t j, double here, double scale, double relative) {
    slope.high = (s.above[j] - here) / s.up;
    slope.low = (here - s.below[j]) / s.down;
    const double gap = slope.high - slope.low;
    const double jump = 2 * gap - gap_;  // of a smooth function it falls with the cube of the step
    const double ratio = jump / jump_;   // 1 at a kink, 2 where f itself jumps, anything in noise
    gap_ = gap;
    jump_ = jump;
    const double size = std::max({std::fabs(s.above[j]), std::fabs(s.below[j]), std::fabs(here)});
    const double rounding = 4 * epsilon * (size + s.magnitude * std::fabs(slope.value)) / s.h;
    if (slope.step > 0) slope.noise = rounding * s.h / slope.step;
    const bool jumps = std::fabs(jump) > 1e-6 * scale + 16 * rounding + 4 * s.shared_rounding;
    steady_ = jumps && ratio > 0.5 && ratio < 2.5 ? steady_ + 1 : 0;
    slope.kink = steady_ > 1;
    return !jumps && slope.error <= 1e-5 * relative * scale + rounding + 2 * s.shared_rounding;
  }

 private:
  Values row_, before_;
  double steepest_ = 0, gap_ = 0, jump_ = 0;
  int steady_ = 0;  // consecutive levels at which the one-sided slopes did not approach each other
};

void move(Tensor& leaf, const Values& from, const Direction& d, double h) {
  double* p = leaf.mutable_data<double>();
  if (d.element >= 0) {
    p[d.element] = from[static_cast<std::size_t>(d.element)] + h;
  } else {
    for (std::size_t i = 0; i < from.size(); ++i) p[i] = from[i] + h * d.vector[i];
  }
}

// Restores the values of a leaf, also after an exception.
class Restore {
 public:
  Restore(Tensor& leaf, const Values& values) : leaf_(leaf), values_(values) {}
  ~Restore() { std::copy(values_.begin(), values_.end(), leaf_.mutable_data<double>()); }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  Tensor& leaf_;
  const Values& values_;
};

// Halves the step, starting with h. Returns nothing when a value is not finite.
std::optional<std::vector<Slope>> extrapolate(const std::function<Tensor()>& f, const Values& here, Tensor& leaf,
                                              const Values& from, const Direction& d, double h, double relative) {
  std::vector<Tableau> tableaux(here.size());
  const double at = d.element >= 0 ? from[static_cast<std::size_t>(d.element)] : 0;
  Sides s;
  s.magnitude = d.element >= 0 ? std::fabs(at) : largest(from);
  const double size_of_all = largest(here);
  int improved = 0;
  for (int k = 0; k < most_levels; ++k, h /= 2) {
    s.h = h;
    s.shared_rounding = epsilon * size_of_all / h;
    move(leaf, from, d, h);
    s.above = f().to_vector<double>();
    move(leaf, from, d, -h);
    s.below = f().to_vector<double>();
    if (!all_finite(s.above) || !all_finite(s.below)) return {};
    s.up = d.element >= 0 ? (at + h) - at : h;
    s.down = d.element >= 0 ? at - (at - h) : h;
    double scale = 0;
    for (std::size_t j = 0; j < here.size(); ++j) {
      tableaux[j].extend(k, s, j);
      scale = std::max(scale, std::fabs(tableaux[j].slope.value));
    }
    bool settled = k >= 3, kink = false;
    for (std::size_t j = 0; j < here.size(); ++j) {
      settled = tableaux[j].settle(s, j, here[j], scale, relative) && settled;
      kink = kink || tableaux[j].slope.kink;
      if (tableaux[j].slope.step == h) improved = k;
    }
    if (settled || (k >= improved + 6 && !kink)) break;
  }
  std::vector<Slope> slopes;
  for (const Tableau& t : tableaux) slopes.push_back(t.slope);
  return slopes;
}

}  // namespace

double largest(const Values& v) {
  double m = 0;
  for (double x : v) m = std::max(m, std::fabs(x));
  return m;
}

bool all_finite(const Values& v) {
  return std::all_of(v.begin(), v.end(), [](double x) { return std::isfinite(x); });
}

std::optional<std::vector<Slope>> slopes(const std::function<Tensor()>& f, const Values& here, Tensor leaf,
                                         const Direction& d, double relative) {
  const Values from = leaf.to_vector<double>();
  const Restore restore(leaf, from);
  for (double h = d.step; h > smallest_step; h /= 8)
    if (auto found = extrapolate(f, here, leaf, from, d, h, relative)) return found;
  return {};
}

}  // namespace gradus::differences
