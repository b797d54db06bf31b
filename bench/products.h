#pragma once

#include <string>
#include <vector>

#include <gradus/autograd/foundation/types.h>

namespace gradus::bench {

/// [m, k] times [k, n], or `batch` of these; batch 0 is one product of two matrices.
struct Product {
  Index batch, m, k, n;
};
std::vector<Product> products();
std::string name(const Product& p);  // "matmul 0 32 64 64"

/// Times matmul forward and backward, beside OpenBLAS's bare sgemm on the same shapes: on one thread and on as many as
/// are in use (batches: one product after the other, and divided over the threads), whichever is faster, and beside one
/// large product. One line, as the header says.
std::string measure_product(const Product& p, double seconds);
std::string product_header();

}  // namespace gradus::bench
