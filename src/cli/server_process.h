// What commands that serve until they are told to end share: where they listen, and their signals.
#pragma once

#include <string>

#include "core/json.h"
#include "core/result.h"
#include "http/server.h"

namespace CLI {
class App;
}

namespace slipway::cli {

// --port and --host. Those and what follows outlive the command line.
void AddAddressOptions(CLI::App* command, std::string* host, int* port);
// --tls-certificate and --tls-key.
void AddTlsOptions(CLI::App* command, http::TlsOptions* tls);
// --drain. `meaning` is its help.
void AddDrainOption(CLI::App* command, double* seconds, const std::string& meaning);
// --listening-file, for whoever starts the server and finds it again, however much it has written
// since.
void AddListeningFileOption(CLI::App* command, std::string* path);
// The event that tells where it listens, and the process, in that file; nothing without one.
Status WriteListeningFile(const std::string& path, Json event);

// "http://127.0.0.1:8080", "https://[::1]:8443".
std::string UrlOf(const std::string& host, int port, bool uses_tls);

// From now on SIGINT and SIGTERM ask the server to end, and SIGHUP to read its files anew; a second
// SIGINT ends the process at once. Of their own, as the flag of other commands (core/interrupt.h)
// would end what is still to be answered. Call once.
void TakeServerSignals();
// The signal that asks to end, the last one; 0 for none yet.
int StopSignal();
// Work that asks core/interrupt.h ends with that signal too: for a server whose work can be done
// again. Call once, before any work.
void InterruptWorkBySignal();
// Whether SIGHUP came since the last call.
bool TakeReloadSignal();
// Until `seconds` have passed, a signal comes or `descriptor` can be read; -1 is none.
void WaitForSignal(double seconds, int descriptor = -1);

}  // namespace slipway::cli
