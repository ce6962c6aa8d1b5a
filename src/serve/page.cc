#include "serve/page.h"

namespace slipway::serve {
namespace {

// Texts go in by textContent and value, never as markup.
constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Slipway</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 46rem; padding: 0 1rem; color: #1d2733; background: #fff; }
  h1 { font-size: 1.4rem; margin: 0; } .muted { color: #5b6875; }
  form { display: grid; grid-template-columns: minmax(8rem, 1fr) 2fr; gap: .5rem 1rem; margin: 1.5rem 0; align-items: center; }
  input, button { font: inherit; padding: .35rem .6rem; border: 1px solid #b8c2cc; border-radius: 6px; background: inherit; color: inherit; }
  button { grid-column: 2; justify-self: start; background: #0b5fff; border-color: #0b5fff; color: #fff; cursor: pointer; }
  output { display: block; border-top: 1px solid #dde3e9; padding-top: 1rem; }
  .bar { display: grid; grid-template-columns: 8rem 1fr 5rem; gap: 1rem; align-items: center; }
  .bar div { background: #e6ebf1; border-radius: 4px; } .bar i { display: block; height: .8rem; border-radius: 4px; background: #0b5fff; }
  .wrong { color: #b3261e; }
  @media (prefers-color-scheme: dark) { body { color: #dde3e9; background: #14181d; } .muted { color: #93a1af; } .bar div { background: #2a323b; } output { border-color: #2a323b; } }
</style>
</head>
<body>
<h1 id="name">…</h1>
<p class="muted" id="about">Nothing is known of the model yet.</p>
<form id="ask"></form>
<output id="answer" aria-live="polite"></output>
<script>
const element = (name, text, into) => { const one = document.createElement(name); one.textContent = text; into.append(one); return one; };
const form = document.getElementById("ask"), answer = document.getElementById("answer");
let fields = {};
fetch("openapi.json").then(got => got.json()).then(api => {
  document.title = document.getElementById("name").textContent = api.info.title;
  document.getElementById("about").textContent = `Version ${api.info.version} · ${api.info.description} · leave a field empty where its value is missing`;
  fields = api.components.schemas.Model1Question.oneOf[0].properties.features.oneOf[1].properties;
  Object.entries(fields).forEach(([name, schema], place) => {
    const label = element("label", name, form), input = element("input", "", form);
    label.htmlFor = input.id = "field" + place;
    input.dataset.name = name;
    const known = schema.examples || [];
    input.placeholder = schema.type.includes("string") ? known.slice(0, 3).join(", ") || schema.description || "text" : "number";
    if (known.length) {
      const list = element("datalist", "", form);
      list.id = "known" + place;
      known.forEach(text => { element("option", "", list).value = text; });
      input.setAttribute("list", list.id);
    }
  });
  element("button", "Predict", form);
});
const show = got => {
  answer.replaceChildren();
  if (got.error) return element("p", [got.field, got.error].filter(Boolean).join(": "), answer).className = "wrong";
  element("h2", String(got.prediction), answer);
  Object.entries(got.probability || {}).sort((a, b) => b[1] - a[1]).forEach(([name, share]) => {
    const bar = element("div", "", answer);
    bar.className = "bar";
    element("span", name, bar);
    element("i", "", element("div", "", bar)).style.width = 100 * share + "%";
    element("span", share.toFixed(4), bar);
  });
  element("p", `request ${got.request_id}`, answer).className = "muted";
};
form.addEventListener("submit", event => {
  event.preventDefault();
  const features = {};
  form.querySelectorAll("input").forEach(input => {
    if (input.value === "") return;
    const name = input.dataset.name, number = Number(input.value);
    features[name] = fields[name].type.includes("string") || Number.isNaN(number) ? input.value : number;
  });
  fetch("predict", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ features }) })
    .then(got => got.json()).then(show, () => show({ error: "the server does not answer" }));
});
</script>
</body>
</html>
)html";

}  // namespace

std::string_view TryPage() { return kPage; }

}  // namespace slipway::serve
