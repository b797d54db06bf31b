#include <gradus/cli/program.h>

int main(int argc, char** argv) { return gradus::cli::run_program(argc, argv); }
