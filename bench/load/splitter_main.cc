// A splitter to be measured: slipway_splitter_load ROUTES.json PORT THREADS. Ends with SIGTERM or
// SIGINT, and prints what it has counted.
#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "splitter/splitter.h"

namespace {

using slipway::Result;
using slipway::Status;
namespace splitter = slipway::splitter;

constexpr double kDrainSeconds = 5;

Status Serve(const std::string& path, int port, int threads) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  SLIPWAY_ASSIGN_OR_RETURN(const splitter::Routes routes, splitter::ParseRoutes(text, path));
  splitter::SplitterOptions options;
  options.port = port;
  options.threads = threads;
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::sigaddset(&ends, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  SLIPWAY_ASSIGN_OR_RETURN(const auto started, splitter::Splitter::Start(options, routes));
  fmt::print("listens on {}\n", started->port());
  int signal = 0;
  ::sigwait(&ends, &signal);
  const bool all_ended = started->Stop(kDrainSeconds);
  fmt::print("{}\n{}", all_ended ? "all ended" : "some were broken off",
             slipway::PrettyJson(splitter::ToJson(started->Snapshot())));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: slipway_splitter_load ROUTES.json PORT THREADS\n");
    return 2;
  }
  const Status status = Serve(argv[1], std::atoi(argv[2]), std::atoi(argv[3]));
  if (!status.ok()) fmt::print(stderr, "{}", status.error().Render());
  return status.ok() ? 0 : 1;
}
