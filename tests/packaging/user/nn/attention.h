#pragma once

namespace user {

template <class T>
T attend(T v) {
  return v * v;
}

}  // namespace user
