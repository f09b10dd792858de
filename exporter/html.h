// Writes HTML in which nothing that is not ours can be anything but text.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace mse {

// `text` as the content of an element or a quoted attribute: repaired (exporter/text.h), and
// escaped.
std::string escaped_html(std::string_view text);

// Elements nest by scope: `const auto row = html.in("tr");` ends with its block. Names of elements
// and attributes are ours and written as they are; what stands in them is escaped.
class Html {
 public:
  using Attributes = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // An open element; closes when it goes.
  class Open {
   public:
    Open(Html& html, std::string_view tag) : html_(html), tag_(tag) {}
    ~Open();
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;

   private:
    Html& html_;
    std::string_view tag_;
  };

  [[nodiscard]] Open in(std::string_view tag, Attributes attributes = {});
  // An element with text only.
  void element(std::string_view tag, std::string_view text, Attributes attributes = {});
  // One that has no end: meta, link.
  void empty(std::string_view tag, Attributes attributes);
  void text(std::string_view text) { out_ += escaped_html(text); }
  // Ours, written as it is: a style sheet.
  void verbatim(std::string_view bytes) { out_ += bytes; }
  // Of a link, with an address of ours.
  void link(std::string_view address, std::string_view text) {
    element("a", text, {{"href", address}});
  }

  std::size_t size() const { return out_.size(); }
  std::string take() { return std::move(out_); }

 private:
  void begin(std::string_view tag, Attributes attributes);

  std::string out_;
};

}  // namespace mse
