// Exceptions and error codes of the network as closed reasons.
#include "exporter/within.h"

#include <asio/error.hpp>

namespace mse {

namespace {

// asio and the standard library each have a category for the numbers of the system.
std::error_code of_system(const std::error_code& error) {
  const bool number = error.category() == asio::error::get_system_category() ||
                      error.category() == std::generic_category();
  return number ? std::error_code(error.value(), std::system_category()) : error;
}

}  // namespace

std::optional<Reason> reason_of(const std::error_code& error) {
  using std::errc;
  const auto is = [error = of_system(error)](auto... codes) { return ((error == codes) || ...); };
  if (is(errc::operation_canceled)) return Reason::deadline;
  if (is(errc::connection_refused)) return Reason::refused;
  if (is(errc::host_unreachable, errc::network_unreachable, errc::network_down, errc::timed_out))
    return Reason::unreachable;
  if (is(errc::connection_reset, errc::connection_aborted, errc::broken_pipe, asio::error::eof))
    return Reason::reset;
  if (is(asio::error::host_not_found, asio::error::host_not_found_try_again)) return Reason::dns;
  return std::nullopt;
}

Failure failure_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::system_error& error) {
    return {reason_of(error.code()).value_or(Reason::internal), error.what()};
  } catch (const std::exception& error) {
    return {Reason::internal, error.what()};
  } catch (...) {
    return {Reason::internal, "something was thrown that is no exception"};
  }
}

}  // namespace mse
