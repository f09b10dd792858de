// Tables from SQLSTATEs and from libpq's words to reasons.
#include "collectors/client/postgres_errors.h"

#include <algorithm>
#include <cctype>

namespace mse {

namespace {

struct Known {
  std::string_view words;
  Reason reason;
};

// A state, or a class of two characters; the first that fits counts.
constexpr Known kStates[] = {
    {"28", Reason::auth},           {"3D000", Reason::auth},        {"53", Reason::overload},
    {"42501", Reason::permission},  {"55P03", Reason::lock},        {"40P01", Reason::lock},
    {"57014", Reason::deadline},    {"42P01", Reason::unsupported}, {"42883", Reason::unsupported},
    {"42703", Reason::unsupported}, {"42704", Reason::unsupported}, {"3F000", Reason::unsupported},
    {"0A000", Reason::unsupported}, {"57P03", Reason::in_recovery}, {"40001", Reason::in_recovery},
    {"57P", Reason::reset},         {"08P01", Reason::protocol},    {"08", Reason::reset},
    {"25006", Reason::permission},
};

// In order: what tells more stands first ("SSL SYSCALL error: Connection reset by peer" is a
// reset).
constexpr Known kMessages[] = {
    {"Connection refused", Reason::refused},
    {"No such file or directory\n\tIs the server", Reason::refused},
    {"Connection reset", Reason::reset},
    {"Broken pipe", Reason::reset},
    {"closed the connection", Reason::reset},
    {"EOF detected", Reason::reset},
    {"eof while reading", Reason::reset},
    {"timed out", Reason::unreachable},
    {"No route to host", Reason::unreachable},
    {"Network is unreachable", Reason::unreachable},
    {"Host is down", Reason::unreachable},
    {"Cannot assign requested address", Reason::unreachable},
    {"received invalid response", Reason::protocol},
    {"received unencrypted data", Reason::protocol},
    {"expected authentication request", Reason::protocol},
    {"lost synchronization", Reason::protocol},
    {"message contents do not agree", Reason::protocol},
    {"wrong version number", Reason::protocol},
    {"SSL", Reason::tls},
    {"certificate", Reason::tls},
    {"private key", Reason::tls},
    {"authentication", Reason::auth},
    {"password", Reason::auth},
    {"SCRAM", Reason::auth},
    {"SASL", Reason::auth},
    {"GSS", Reason::auth},
    {"unexpected", Reason::protocol},
    {"insufficient data", Reason::protocol},
    {"invalid", Reason::protocol},
    {"Permission denied", Reason::permission},
    {"out of memory", Reason::too_large},
};

bool looks_like_sqlstate(std::string_view text) {
  return text.size() == 5 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isdigit(c) != 0 || std::isupper(c) != 0;
         });
}

// The state in "FATAL:  28P01: password …"; the severity may be in any language.
std::string_view sqlstate_in(std::string_view message) {
  constexpr std::string_view kBefore = ":  ";
  for (auto at = message.find(kBefore); at != std::string_view::npos;
       at = message.find(kBefore, at + 1)) {
    const auto state = message.substr(at + kBefore.size(), 5);
    const auto after = message.substr(std::min(message.size(), at + kBefore.size() + 5));
    if (looks_like_sqlstate(state) && after.substr(0, 2) == ": ") return state;
  }
  return {};
}

std::string one_line(std::string_view message) {
  constexpr std::size_t kLongest = 1000;
  std::string line(message.substr(0, kLongest));
  std::replace_if(line.begin(), line.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace

Reason reason_of_sqlstate(std::string_view sqlstate) {
  for (const auto& known : kStates) {
    if (sqlstate.substr(0, known.words.size()) == known.words) return known.reason;
  }
  return Reason::internal;
}

Reason reason_of_message(std::string_view message) {
  if (const auto state = sqlstate_in(message); !state.empty()) return reason_of_sqlstate(state);
  for (const auto& known : kMessages) {
    if (message.find(known.words) != std::string_view::npos) return known.reason;
  }
  return Reason::internal;
}

Failure connection_failure(std::string_view message) {
  Failure failure{reason_of_message(message), one_line(message)};
  if (failure.reason == Reason::tls) {
    failure.text += " (set tls: {ca_file: …}, or tls: {mode: off} to go without encryption)";
  }
  return failure;
}

}  // namespace mse
