// The `tls` map of collectors that connect by themselves.
#pragma once

#include "exporter/options.h"

namespace mse {

// ca_file, cert_file and key_file; the last two come together.
template <typename Settings>
void read_tls_files(Settings& settings, Options& tls) {
  settings.ca_file = tls.path("ca_file").value_or("");
  settings.cert_file = tls.path("cert_file").value_or("");
  settings.key_file = tls.path("key_file").value_or("");
  if (settings.cert_file.empty() != settings.key_file.empty())
    tls.wrong("", "cert_file and key_file, both or neither");
}

// These, and mode: off, verify-ca or verify-full; without it verify-full where files are named,
// else nothing.
template <typename Settings>
void read_tls(Settings& settings, Options tls) {
  using Mode = typename decltype(settings.tls)::value_type;
  const auto mode = tls.text("mode");
  if (mode == "off") {
    settings.tls = Mode::off;
  } else if (mode == "verify-ca") {
    settings.tls = Mode::verify_ca;
  } else if (mode == "verify-full") {
    settings.tls = Mode::verify_full;
  } else if (mode) {
    tls.wrong("mode", "off, verify-ca or verify-full");
  }
  read_tls_files(settings, tls);
  const bool names_files = !settings.ca_file.empty() || !settings.cert_file.empty();
  if (!settings.tls && names_files) settings.tls = Mode::verify_full;
}

}  // namespace mse
