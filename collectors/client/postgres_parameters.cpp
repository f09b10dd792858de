// Names every libpq parameter; silences its environment.
#include "collectors/client/postgres_parameters.h"

#include <libpq-fe.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <vector>

namespace mse {

namespace {

// A path that can never exist, so that libpq finds no ~/.pgpass, ~/.postgresql/postgresql.crt, ….
constexpr const char* kNowhere = "/dev/null/none";

struct Known {
  std::string name, variable, built_in;
};

std::vector<Known> ask_libpq() {
  forget_postgres_environment();
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconndefaults(),
                                                                             PQconninfoFree);
  std::vector<Known> known;
  for (const auto* option = options.get(); option && option->keyword; ++option) {
    known.push_back({option->keyword, option->envvar ? option->envvar : "",
                     option->compiled ? option->compiled : ""});
  }
  return known;
}

std::string quoted(const std::string& value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

// Where a system keeps the certificate authorities it trusts; libpq 15 cannot be told "the
// system's".
std::string system_ca_file() {
  for (const char* path : {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                           "/etc/ssl/ca-bundle.pem"}) {
    std::error_code error;
    if (std::filesystem::exists(path, error)) return path;
  }
  return kNowhere;
}

const char* ssl_mode(const PostgresSettings& settings, bool loopback) {
  const auto tls = settings.tls.value_or(loopback ? PostgresTls::off : PostgresTls::verify_full);
  if (tls == PostgresTls::off) return "disable";
  return tls == PostgresTls::verify_ca ? "verify-ca" : "verify-full";
}

void add_tls(std::map<std::string, std::string>& all, const PostgresSettings& settings,
             bool loopback) {
  all["sslmode"] = ssl_mode(settings, loopback);
  all["sslrootcert"] = settings.ca_file.empty() ? system_ca_file() : settings.ca_file;
  all["sslcert"] = settings.cert_file.empty() ? kNowhere : settings.cert_file;
  all["sslkey"] = settings.key_file.empty() ? kNowhere : settings.key_file;
  all["sslcertmode"] = settings.cert_file.empty() ? "disable" : "allow";
  all["sslcrl"] = kNowhere;
  all["gssencmode"] = "disable";
  all["require_auth"] = "!gss,!sspi";  // they would talk to other servers, and wait for them
}

long long milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

void forget_postgres_environment() {
  for (const char* name : {"PGSERVICE", "PGTZ", "PGDATESTYLE", "PGGEQO"}) unsetenv(name);
}

std::map<std::string, std::string> postgres_parameters(const PostgresSettings& settings,
                                                       const Address& address,
                                                       const std::string& ip, bool loopback) {
  std::map<std::string, std::string> all{
      {"host", address.host},
      {"hostaddr", ip},
      {"port", std::to_string(address.port)},
      {"user", settings.user},
      {"dbname", settings.database},
      {"password", settings.password ? settings.password->reveal() : ""},
      {"passfile", kNowhere},
      {"application_name", "mixed_state_exporter"},
      {"client_encoding", "UTF8"},
      {"options", ""},
      {"connect_timeout", "10"},
      {"keepalives", "1"},
      {"keepalives_idle", "15"},
      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", "20000"},
      {"target_session_attrs", "any"},
  };
  add_tls(all, settings, loopback);
  return all;
}

std::string connection_string(const std::map<std::string, std::string>& parameters) {
  static const std::vector<Known> options = ask_libpq();
  std::string text;
  for (const auto& option : options) {
    const auto ours = parameters.find(option.name);
    if (ours == parameters.end() && !std::getenv(option.variable.c_str())) continue;
    const auto& value = ours == parameters.end() ? option.built_in : ours->second;
    text += option.name + "=" + quoted(value) + " ";
  }
  return text;
}

std::string set_statement_timeout(Duration timeout) {
  return "SET statement_timeout = " + std::to_string(milliseconds(timeout)) + "; ";
}

std::string session_setup(Duration statement_timeout) {
  return set_statement_timeout(statement_timeout) +
         "SET lock_timeout = 200; "
         "SET idle_in_transaction_session_timeout = 10000; "
         "SET default_transaction_read_only = on; "
         "SET search_path = ''; "
         "SET jit = off; "
         "SET datestyle = 'ISO'; "
         "SET intervalstyle = 'postgres'; "
         "SET extra_float_digits = 1; "
         "SET bytea_output = 'hex'";
}

}  // namespace mse
