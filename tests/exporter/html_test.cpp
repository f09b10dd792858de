// The writer of HTML: what is not ours is text, and elements end.
#include "exporter/html.h"

#include <gtest/gtest.h>

#include "tests/support/html_reader.h"

namespace mse {
namespace {

TEST(Html, TextCannotBecomeMarkup) {
  Html html;
  html.element("p", "</p><script>alert('1')</script>\"&amp;");
  EXPECT_EQ(html.take(),
            "<p>&lt;/p&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;amp;</p>");
}

TEST(Html, AnAttributeCannotEndItself) {
  Html html;
  html.element("td", "", {{"title", "\" onclick=\"x"}, {"class", "a'b"}});
  EXPECT_EQ(html.take(), "<td title=\"&quot; onclick=&quot;x\" class=\"a&#39;b\"></td>");
}

TEST(Html, WhatIsNoUtf8OrControlsATerminalIsReplaced) {
  EXPECT_EQ(escaped_html("caf\xE9 \x1b[31m\n"), "caf\xEF\xBF\xBD  [31m ");
}

TEST(Html, ElementsEndWithTheirBlocks) {
  Html html;
  {
    const auto outer = html.in("ul", {{"class", "x"}});
    const auto inner = html.in("li");
    html.text("a");
  }
  EXPECT_EQ(html.take(), "<ul class=\"x\"><li>a</li>\n</ul>\n");
}

TEST(HtmlReader, FindsWhatABrowserWouldForgive) {
  EXPECT_EQ(html_fault("<p class=\"a\">1 &gt; 0</p>"), "");
  for (const char* wrong :
       {"<p>", "<p></b>", "<p class=a></p>", "<script></script>", "<p style=\"x\"></p>",
        "<p onclick=\"x\"></p>", "<p>a > b</p>", "<a href=\"http://elsewhere\">x</a>",
        "<a href=\"//elsewhere\">x</a>", "<a href=\"javascript:x\">x</a>", "<p"}) {
    EXPECT_NE(html_fault(wrong), "") << wrong;
  }
}

}  // namespace
}  // namespace mse
