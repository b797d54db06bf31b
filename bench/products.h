#pragma once

#include <string>
#include <vector>

#include <gradus/autograd/foundation/types.h>

namespace gradus::bench {

/// [m, k] times [k, n], or a batch of such products; batch 0 is one product of two matrices.
struct Product {
  Index batch, m, k, n;
};
std::vector<Product> products();
std::string name(const Product& p);  // "matmul 0 32 64 64"

/// Times matmul forward and backward, OpenBLAS's sgemm on the same shapes, and one large product. sgemm runs on one
/// thread and on all threads in use, and the faster time counts. A batch runs in sequence and divided among threads.
/// Returns a line with the columns of product_header().
std::string measure_product(const Product& p, double seconds);
std::string product_header();

}  // namespace gradus::bench
