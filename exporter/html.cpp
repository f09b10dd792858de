// Escaping, and elements that always end.
#include "exporter/html.h"

#include "exporter/text.h"

namespace mse {
namespace {

constexpr std::size_t kTextBytes = 4096;

std::string_view entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

}  // namespace

std::string escaped_html(std::string_view text) {
  std::string result;
  for (const char c : repaired(text, kTextBytes)) {
    const std::string_view escaped = entity(c);
    if (escaped.empty()) {
      result += c;
    } else {
      result += escaped;
    }
  }
  return result;
}

Html::Open::~Open() {
  html_.out_.append("</").append(tag_).append(">\n");
}

Html::Open Html::in(std::string_view tag, Attributes attributes) {
  begin(tag, attributes);
  return {*this, tag};
}

void Html::element(std::string_view tag, std::string_view text, Attributes attributes) {
  begin(tag, attributes);
  this->text(text);
  out_.append("</").append(tag).append(">");
}

void Html::empty(std::string_view tag, Attributes attributes) {
  begin(tag, attributes);
  out_ += '\n';
}

void Html::begin(std::string_view tag, Attributes attributes) {
  out_.append("<").append(tag);
  for (const auto& [name, value] : attributes) {
    out_.append(" ").append(name).append("=\"").append(escaped_html(value)).append("\"");
  }
  out_ += '>';
}

}  // namespace mse
