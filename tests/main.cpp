// With Catch2 2.x this is main(); with 3.x main() comes from the library Catch2WithMain.
#define CATCH_CONFIG_MAIN
#include "catch.h"
