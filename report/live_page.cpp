#include <gradus/report/live_page.h>

#include <fmt/format.h>

#include <exception>
#include <utility>

namespace gradus::report {
namespace {

constexpr std::size_t pairs_in_training = 200, pairs_at_end = 1000;

}  // namespace

LivePage::LivePage(const train::RunDirectory& directory, const train::Dataset& dataset, const train::Trainer& trainer,
                   std::string program, train::Progress& progress)
    : directory_(directory), dataset_(dataset), trainer_(trainer), program_(std::move(program)), progress_(progress) {}

void LivePage::validation(Index /*step*/, const train::Numbers& /*numbers*/) {
  // After the last validation follows `finish`.
  if (!train::is_complete(dataset_.config.train, trainer_.position())) write(true);
}

bool LivePage::finish() { return write(false); }

bool LivePage::write(bool in_training) {
  train::Progress silent = train::Progress::silent();
  try {
    write_report({directory_.path()}, directory_.report(),
                 {.dataset = &dataset_,
                  .pairs = in_training ? pairs_in_training : pairs_at_end,
                  .in_training = in_training,
                  .program = program_},
                 silent);
    return true;
  } catch (const std::exception& e) {
    progress_.line(fmt::format("note: the page was not written: {}; the training is not affected", e.what()));
    return false;
  }
}

}  // namespace gradus::report
