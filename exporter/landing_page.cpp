// A page of links.
#include "exporter/landing_page.h"

namespace mse {

std::string escaped_html(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string landing_page(std::string_view telemetry_path) {
  const std::string path = escaped_html(telemetry_path);
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
         "<title>mixed_state_exporter</title></head>\n<body>\n"
         "<h1>mixed_state_exporter</h1>\n"
         "<p>Compares the nodes of each service and exports which are not in the canonical "
         "state. Version " MSE_VERSION ".</p>\n<ul>\n<li><a href=\"" +
         path + "\">" + path +
         "</a>: metrics</li>\n"
         "<li><a href=\"/-/ready\">/-/ready</a>: whether they can be relied on</li>\n"
         "<li><a href=\"/-/healthy\">/-/healthy</a>: whether the process answers</li>\n"
         "</ul>\n</body>\n</html>\n";
}

}  // namespace mse
