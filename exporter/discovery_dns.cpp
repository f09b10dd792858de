// Questions, and their records as nodes.
#include "exporter/discovery_dns.h"

#include "exporter/dns_query.h"
#include "exporter/node_text.h"
#include "exporter/text.h"

namespace mse {
namespace {

std::vector<DnsType> types_of(DnsRecords records) {
  switch (records) {
    case DnsRecords::a:
      return {DnsType::a};
    case DnsRecords::aaaa:
      return {DnsType::aaaa};
    case DnsRecords::srv:
      return {DnsType::srv};
    default:
      return {DnsType::a, DnsType::aaaa};
  }
}

// An address of IPv6 has colons of its own.
std::string address_of(const DnsRecord& record, int port) {
  const auto number = std::to_string(record.port != 0 ? record.port : port);
  const bool v6 = record.host.find(':') != std::string::npos;
  return (v6 ? "[" + record.host + "]" : record.host) + ":" + number;
}

}  // namespace

asio::awaitable<Polled<std::shared_ptr<const FoundNodes>>> DiscoveredDns::find(Mono deadline) {
  const auto& dns = std::get<DnsDiscovery>(settings_.source);
  std::vector<NodeSettings> nodes;
  for (const DnsType type : types_of(dns.records)) {
    const auto records = co_await ask_dns(executor_, servers_, dns.name, type, deadline);
    if (!records) co_return tl::unexpected(records.error());
    for (const auto& record : *records) {
      const auto address = address_of(record, dns.port);
      if (!is_name(address) || !is_address(address))
        co_return tl::unexpected(
            Failure{Reason::protocol, dns.name + ": no host and port: " + repaired(address, 64)});
      nodes.push_back({address, address, settings_.labels, true});
    }
  }
  co_return std::make_shared<const FoundNodes>(unique_nodes(std::move(nodes)));
}

}  // namespace mse
