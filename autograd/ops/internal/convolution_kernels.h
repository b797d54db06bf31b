#pragma once

#include <gradus/autograd/ops/internal/windows.h>

// The three products of a convolution y = w * x. Each is linear in both of its arguments, and the derivatives of each
// are the other two.
// - x [batch, groups * in, rows.extent, columns.extent]
// - w [groups * out, in, rows.kernel, columns.kernel]
// - y [batch, groups * out, rows.count, columns.count]
// The bits of an image's result depend neither on the batch nor on the number of threads.
namespace gradus {

struct Convolution {
  Index batch, groups, in, out;  // in and out: channels per group
  Windows rows, columns;

  Index pixels() const { return rows.extent * columns.extent; }
  Index positions() const { return rows.count * columns.count; }
  Index taps() const { return in * rows.kernel * columns.kernel; }
  Shape x() const { return {batch, groups * in, rows.extent, columns.extent}; }
  Shape w() const { return {groups * out, in, rows.kernel, columns.kernel}; }
  Shape y() const { return {batch, groups * out, rows.count, columns.count}; }
};

/// y from x and w. bias [groups * out] or null.
template <class T>
void convolve(const Convolution& c, const T* x, const T* w, const T* bias, T* y);
/// x from y and w, the gradient of x: a transposed convolution. bias [groups * in] or null.
template <class T>
void convolve_transposed(const Convolution& c, const T* y, const T* w, const T* bias, T* x);
/// w from x and y, the gradient of w.
template <class T>
void correlate(const Convolution& c, const T* x, const T* y, T* w);

}  // namespace gradus
