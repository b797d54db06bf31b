#include <gradus/autograd/ops/repeating.h>

#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_repeating(Rows& t) {
  const std::string repeats = "repeat(Tensor, Integers)", tiles = "tile(Tensor, Integers)",
                    interleaved = "repeat_interleave(Tensor, Integer, Axes)", rolls = "roll(Tensor, Integers, Axes)";
  t.shaped(repeats, "", {2, 3}, [](auto& x) { return repeat(x, {2, 3}); });
  t.shaped(repeats, "a new axis", {2, 3}, [](auto& x) { return repeat(x, {2, 1, 2}); });
  t.shaped(tiles, "", {2, 3}, [](auto& x) { return tile(x, {2}); });
  t.shaped(interleaved, "", {2, 3, 2}, [](auto& x) { return repeat_interleave(x, 3, 1); });
  t.shaped(interleaved, "flattened", {2, 2}, [](auto& x) { return repeat_interleave(x, 2); });
  t.shaped(rolls, "", {3, 4}, [](auto& x) { return roll(x, {1, -2}, {0, 1}); });
  t.shaped(rolls, "flattened", {2, 3}, [](auto& x) { return roll(x, {2}); });
  t.shaped(rolls, "one axis", {2, 3}, [](auto& x) { return roll(x, 1, -1); });
  t.shaped(rolls, "no elements", {0, 3}, [](auto& x) { return roll(x, {1}, 0); });
}

}  // namespace gradus::checks
