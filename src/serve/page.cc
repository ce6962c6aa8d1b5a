#include "serve/page.h"

#include <cstdlib>
#include <string>

#include "core/base64.h"
#include "core/hash.h"
#include "serve/page_internal.h"

namespace slipway::serve {
namespace {

constexpr std::string_view kBeforeStyle = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Slipway</title>
<link rel="icon" href="data:,">
<style>)html";

constexpr std::string_view kBody = R"html(</style>
</head>
<body>
<main>
<h1 id="name">Slipway</h1>
<noscript><p>This page needs scripts. What it asks, curl can ask too: <code>/openapi.json</code> says what the models take.</p></noscript>
<p class="muted" id="about" role="status">Asking the server for its models…</p>
<div id="access"></div>
<section id="shown" hidden>
<div id="choice"></div>
<dl id="facts"></dl>
<h2>Try it</h2>
<form id="ask" autocomplete="off" novalidate></form>
<div id="answer" aria-live="polite"></div>
<h2>The same by curl</h2>
<pre tabindex="0" role="region" aria-label="The same question by curl"><code id="curl"></code></pre>
<button id="copy" type="button">Copy</button>
<p id="document"><a href="openapi.json">What the server takes and answers, in OpenAPI</a></p>
</section>
</main>
<script>)html";

constexpr std::string_view kBehindScript = "</script>\n</body>\n</html>\n";

// As a policy names what it allows.
std::string SourceOf(std::string_view text) {
  constexpr int kHexadecimal = 16;
  const std::string digest = DigestOf(text);
  const std::string_view hex = HexOf(digest);
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    const std::string pair(hex.substr(i, 2));
    bytes += static_cast<char>(std::strtoul(pair.c_str(), nullptr, kHexadecimal));
  }
  return "'sha256-" + ToBase64(bytes) + "'";
}

}  // namespace

std::string_view TryPage() {
  static const std::string page = [] {
    std::string text;
    for (const std::string_view part :
         {kBeforeStyle, page::kStyle, kBody, page::kScript, kBehindScript})
      text += part;
    return text;
  }();
  return page;
}

std::string_view PagePolicy() {
  static const std::string policy =
      "default-src 'none'; style-src " + SourceOf(page::kStyle) + "; script-src " +
      SourceOf(page::kScript) +
      "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'";
  return policy;
}

}  // namespace slipway::serve
