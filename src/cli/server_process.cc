#include "cli/server_process.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>

#include "cli/between.h"
#include "core/interrupt.h"
#include "core/replace_file.h"

namespace slipway::cli {
namespace {

constexpr int kLargestPort = 65535;
constexpr double kLongestDrain = 3600;
constexpr int kExitInterrupted = 130;
constexpr double kMillisecondsASecond = 1000;

volatile std::sig_atomic_t stop_signal = 0;
volatile std::sig_atomic_t reload_signal = 0;

void NoteStop(int signal) {
  if (stop_signal == SIGINT && signal == SIGINT) ::_exit(kExitInterrupted);
  stop_signal = signal;
}
void NoteReload(int /*signal*/) { reload_signal = 1; }

}  // namespace

void AddAddressOptions(CLI::App* command, std::string* host, int* port) {
  command->add_option("--port", *port, "0 takes a free one")
      ->check(CLI::Range(0, kLargestPort))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--host", *host, "Address to listen on; 0.0.0.0 for all")
      ->type_name("ADDRESS")
      ->capture_default_str();
}

void AddTlsOptions(CLI::App* command, http::TlsOptions* tls) {
  command
      ->add_option("--tls-certificate", tls->certificate_path,
                   "Chain of certificates (PEM), for HTTPS")
      ->type_name("FILE");
  command->add_option("--tls-key", tls->key_path, "Its private key (PEM)")->type_name("FILE");
}

void AddDrainOption(CLI::App* command, double* seconds, const std::string& meaning) {
  command->add_option("--drain", *seconds, meaning)
      ->check(Between(0, kLongestDrain))
      ->type_name("SECONDS")
      ->capture_default_str();
}

void AddListeningFileOption(CLI::App* command, std::string* path) {
  command
      ->add_option("--listening-file", *path,
                   "File to write as JSON, once it listens: where, and its process")
      ->type_name("FILE");
}

Status WriteListeningFile(const std::string& path, Json event) {
  if (path.empty()) return {};
  event["pid"] = ::getpid();
  return ReplaceFile(LocalFileSystem(), path, Durability::kUnsynced,
                     [&](WritableFile& file) { return file.Append(CompactJson(event) + "\n"); });
}

std::string UrlOf(const std::string& host, int port, bool uses_tls) {
  return fmt::format("{}://{}:{}", uses_tls ? "https" : "http",
                     host.contains(':') ? "[" + host + "]" : host, port);
}

void TakeServerSignals() {
  struct sigaction action{};
  sigemptyset(&action.sa_mask);
  action.sa_handler = NoteStop;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = NoteReload;
  ::sigaction(SIGHUP, &action, nullptr);
}

int StopSignal() { return stop_signal; }

void InterruptWorkBySignal() { FollowInterrupts(&stop_signal); }

bool TakeReloadSignal() {
  const bool came = reload_signal != 0;
  if (came) reload_signal = 0;
  return came;
}

void WaitForSignal(double seconds, int descriptor) {
  pollfd waited{descriptor, POLLIN, 0};
  ::poll(&waited, 1, static_cast<int>(seconds * kMillisecondsASecond));
}

}  // namespace slipway::cli
