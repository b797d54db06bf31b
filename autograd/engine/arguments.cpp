#include <gradus/autograd/engine/arguments.h>

namespace gradus {

void Operand::refuse_number() const { throw Error("both operands are numbers, expected at least one tensor", place_); }

}  // namespace gradus
