#pragma once

// Catch2 2.x (Debian 12, Ubuntu 22.04) and 3.x (Ubuntu 24.04) keep everything under different names.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
