#pragma once

// What the machine can do at the moment, to hold results against.
namespace gradus::bench {

/// GFLOP/s of a product of two 2048 x 2048 f32 matrices, the best of a few, on the threads in use.
double product_peak();

/// GB/s, read and written bytes together, of copying 64 MB (beyond the caches) or 256 KiB (inside) on the threads in
/// use; the best of a few.
double copy_bandwidth(bool beyond_caches);

/// The most memory that the process ever held, in MB.
double peak_resident_mb();

/// How much two threads do together in the time one takes for itself: about 2 on two cores, 1 where the two processors
/// are one core's.
double core_ratio();

}  // namespace gradus::bench
