// The style sheet: readable in grey, in the dark and on a phone.
#include <openssl/evp.h>

#include <array>

#include "exporter/status_parts.h"

namespace mse {
namespace {

std::string base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return {digest.begin(), digest.begin() + size};
}

}  // namespace

std::string_view status_style() {
  return R"CSS(
:root{color-scheme:light dark;--back:#fff;--ink:#1b1b1b;--soft:#555;--line:#c8c8c8;--link:#0b4fa8;--bad-back:#a11212;--bad-ink:#fff;--blind-back:#ececec;--moving-back:#fff4d6;--good:#1c6b2f}
@media (prefers-color-scheme:dark){:root{--back:#15171a;--ink:#ececec;--soft:#b4b4b4;--line:#4a4d52;--link:#8fbcff;--bad-back:#ffb3ab;--bad-ink:#2b0503;--blind-back:#33363b;--moving-back:#43391c;--good:#8fd6a0}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:0 1rem 3rem;background:var(--back);color:var(--ink);font:1rem/1.45 system-ui,"DejaVu Sans",sans-serif;overflow-wrap:anywhere}
a{color:var(--link)}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid var(--link);outline-offset:2px}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;margin:.75rem 0;padding:0}
h1{font-size:1.5rem;margin:.5rem 0}
h2{font-size:1.15rem;margin:2rem 0 .5rem}
h3{font-size:1rem;margin:1rem 0 .35rem}
p{margin:.35rem 0}
td,th,li,dd,code,h1,h3,a{unicode-bidi:isolate}
.soft,small{color:var(--soft)}
small{font-size:.85rem;font-weight:400}
.glyph{display:inline-block;min-width:1.1em;font-weight:700}
.verdict{border:1px solid var(--line);border-left-width:.6rem;padding:.5rem .9rem}
.verdict.bad{border-color:var(--bad-back)}
.verdict.bad h1 strong{background:var(--bad-back);color:var(--bad-ink);padding:0 .35em}
.verdict.blind{border-left-style:dashed;border-left-color:var(--soft)}
.verdict.good{border-left-color:var(--good)}
.stale{border:3px double var(--ink);padding:.5rem .9rem;font-weight:700;margin:.75rem 0}
dl{display:flex;flex-wrap:wrap;gap:.35rem 1.75rem;margin:.75rem 0}
dt{font-size:.85rem;color:var(--soft)}
dd{margin:0}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;font-size:.92rem;overflow-wrap:break-word}
caption{text-align:left;color:var(--soft);padding:.25rem 0}
th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top;max-width:22rem;overflow-wrap:break-word}
thead th{border-bottom:2px solid var(--ink)}
td.bad{border-left:.4rem solid var(--bad-back)}
td.bad strong{background:var(--bad-back);color:var(--bad-ink);padding:0 .25em}
td.moving{border-left:.4rem solid var(--line);background:var(--moving-back)}
td.blind{border-left:.4rem dashed var(--soft);background:var(--blind-back)}
td.good strong{font-weight:400}
td.number{text-align:right;font-variant-numeric:tabular-nums}
.reasons{margin:.35rem 0;padding-left:1.2rem}
details{margin:.5rem 0}
summary{cursor:pointer;padding:.35rem 0}
svg{display:block;width:100%;max-width:44rem;height:auto}
svg text{fill:var(--ink);font-size:11px}
.axis{stroke:var(--soft);stroke-width:1}
.curve{stroke:var(--ink);stroke-width:2.5;fill:none}
.limit{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:5 4}
.now{stroke:var(--link);stroke-width:1.5}
.dot{fill:var(--ink)}
footer{margin-top:2.5rem;color:var(--soft);font-size:.85rem}
@media print{nav,.refresh{display:none}}
)CSS";
}

const std::string& status_policy() {
  static const std::string policy =
      "default-src 'none'; style-src 'sha256-" + base64(sha256(status_style())) +
      "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  return policy;
}

}  // namespace mse
