// From what PostgreSQL and libpq say to our reasons.
#include "collectors/client/postgres_errors.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

TEST(PostgresErrors, EachSqlstateHasItsReason) {
  const std::pair<const char*, Reason> table[] = {
      {"28P01", Reason::auth},        {"28000", Reason::auth},
      {"3D000", Reason::auth},        {"53300", Reason::overload},
      {"53200", Reason::overload},    {"42501", Reason::permission},
      {"55P03", Reason::lock},        {"40P01", Reason::lock},
      {"57014", Reason::deadline},    {"42P01", Reason::unsupported},
      {"42883", Reason::unsupported}, {"42703", Reason::unsupported},
      {"57P03", Reason::in_recovery}, {"40001", Reason::in_recovery},
      {"57P01", Reason::reset},       {"57P05", Reason::reset},
      {"08P01", Reason::protocol},    {"08006", Reason::reset},
      {"22012", Reason::internal},    {"XX000", Reason::internal},
      {"", Reason::internal},
  };
  for (const auto& [state, reason] : table) {
    EXPECT_EQ(name(reason_of_sqlstate(state)), name(reason)) << state;
  }
}

// Messages as libpq 15 gave them, the server's with PQERRORS_VERBOSE.
TEST(PostgresErrors, EachMessageHasItsReason) {
  const std::string prefix = "connection to server at \"127.0.0.1\", port 5432 failed: ";
  const std::pair<std::string, Reason> table[] = {
      {prefix + "Connection refused\n\tIs the server running on that host and accepting TCP/IP",
       Reason::refused},
      {"connection to server on socket \"/x/.s.PGSQL.5432\" failed: No such file or "
       "directory\n\tIs "
       "the server running locally and accepting connections on that socket?",
       Reason::refused},
      {prefix + "Connection timed out", Reason::unreachable},
      {prefix + "No route to host", Reason::unreachable},
      {prefix + "Network is unreachable", Reason::unreachable},
      {prefix + "FATAL:  28P01: password authentication failed for user \"a\"\nLOCATION:  auth.c:3",
       Reason::auth},
      {prefix + "FATAL:  53300: sorry, too many clients already", Reason::overload},
      {prefix + "FATAL:  57P03: the database system is starting up", Reason::in_recovery},
      {prefix + "SCHWERWIEGEND:  28P01: Passwort-Authentifizierung fehlgeschlagen", Reason::auth},
      {prefix + "fe_sendauth: no password supplied", Reason::auth},
      {prefix + "server does not support SSL, but SSL was required", Reason::tls},
      {prefix + "SSL error: certificate verify failed", Reason::tls},
      {prefix + "server certificate for \"x\" does not match host name \"y\"", Reason::tls},
      {prefix + "root certificate file \"/x/ca.pem\" does not exist", Reason::tls},
      {prefix + "SSL SYSCALL error: Connection reset by peer", Reason::reset},
      {prefix + "SSL SYSCALL error: EOF detected", Reason::reset},
      {prefix + "SSL error: unexpected eof while reading", Reason::reset},
      {prefix + "SSL error: wrong version number", Reason::protocol},
      {prefix + "received invalid response to SSL negotiation: H", Reason::protocol},
      {prefix + "expected authentication request from server, but received H", Reason::protocol},
      {prefix + "server closed the connection unexpectedly\n\tThis probably means", Reason::reset},
      {"lost synchronization with server: got message type \"x\"", Reason::protocol},
      {"could not receive data from server: Connection timed out", Reason::unreachable},
      {"something else", Reason::internal},
  };
  for (const auto& [text, reason] : table) {
    EXPECT_EQ(name(reason_of_message(text)), name(reason)) << text;
  }
}

TEST(PostgresErrors, AStateIsOnlyFoundWhereLibpqPutsIt) {
  EXPECT_EQ(reason_of_message("FATAL:  28P01 Connection refused"), Reason::refused);
  EXPECT_EQ(reason_of_message("x:  abcde: Connection refused"), Reason::refused);
  EXPECT_EQ(reason_of_message("x:  28P0"), Reason::internal);
}

TEST(PostgresErrors, TextIsOneBoundedLine) {
  const auto failure = connection_failure("first\n\tsecond\n" + std::string(5000, ' '));
  EXPECT_EQ(failure.text, "first  second");
  EXPECT_LE(connection_failure(std::string(5000, 'x')).text.size(), 1000U);
}

}  // namespace
}  // namespace mse
