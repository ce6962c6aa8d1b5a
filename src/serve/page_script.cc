#include "serve/page_internal.h"

namespace slipway::serve::page {

// Texts go in by textContent and value, never as markup.
constexpr std::string_view kScript = R"js(
"use strict";
const at = id => document.getElementById(id);
const make = (name, text, into, id) => {
  const one = document.createElement(name);
  one.textContent = text;
  if (id) one.id = id;
  into.append(one);
  return one;
};
const kMostShown = 500;
let token = "", served = "", models = [], model, fields = [];

const ask = (path, options) => fetch(path, { ...options, headers: { ...options.headers, ...(token && { Authorization: "Bearer " + token }) } });
const say = text => { at("about").textContent = text; };

// Fields that not every server needs are made when they are wanted.
const wantToken = why => {
  const form = document.createElement("form");
  make("label", "Token", form).htmlFor = "token";
  const box = make("div", "", form), entry = make("input", "", box, "token");
  entry.type = "password";
  entry.autocomplete = "off";
  entry.setAttribute("aria-describedby", "token-hint");
  make("small", "kept in this page until it is closed, and nowhere else", box, "token-hint");
  make("button", "Use it", form);
  form.addEventListener("submit", event => {
    event.preventDefault();
    token = entry.value.trim();
    at("access").replaceChildren();
    // What was typed stays.
    if (models.length) showCurl(); else describe();
  });
  at("access").replaceChildren(Object.assign(document.createElement("p"), { textContent: why }), form);
  entry.focus();
};

const offerChoice = () => {
  at("choice").replaceChildren();
  if (models.length < 2) return;
  make("label", "Model", at("choice")).htmlFor = "model";
  const select = make("select", "", at("choice"), "model");
  models.forEach((one, place) => { make("option", one.name + (one.version && ", version " + one.version), select).value = place; });
  select.addEventListener("change", () => choose(select.value));
};

const describe = async () => {
  let got, api;
  try {
    got = await ask("openapi.json", {});
    api = await got.json();
  } catch { return say("The server does not answer."); }
  if (got.status === 401) {
    say("");
    return wantToken(token ? "The server does not know this token." : "The server asks for a token.");
  }
  if (got.status === 503) setTimeout(describe, 2000);
  if (!got.ok) return say(api.error || "The server answers " + got.status + ".");
  models = api["x-slipway"].models.filter(one => one.path);
  served = api.info.description;
  offerChoice();
  at("shown").hidden = false;
  choose(0);
};

const day = seconds => { try { return new Date(1000 * seconds).toISOString().slice(0, 10); } catch { return String(seconds); } };

const short = number => String(Number(number.toPrecision(6)));

// What an input takes, in words.
const hint = input => {
  const parts = [];
  if (input.type === "category") {
    const known = input.categories;
    parts.push(known.length ? "a text, such as " + known.slice(0, 5).join(", ") + (known.length > 5 ? " and " + (known.length - 5) + " more" : "") : "a text");
  } else if (input.type === "timestamp") {
    parts.push("a date, a time, or seconds since 1970");
    if (input.range) parts.push("in training from " + input.range.map(day).join(" to "));
  } else {
    parts.push(input.integral ? "a whole number" : "a number");
    if (input.range) parts.push("in training from " + input.range.map(short).join(" to "));
  }
  parts.push(input.missing ? "empty where it is missing" : "never missing in training");
  return parts.join("; ");
};

const fact = (name, text, kind) => {
  if (!text) return;
  make("dt", name, at("facts"));
  make(kind || "span", text, make("dd", "", at("facts")));
};

const showFacts = () => {
  at("facts").replaceChildren();
  say((model.version && "Version " + model.version + " · ") + served);
  fact("Digest", model.digest, "code");
  fact("Task", model.task + (model.target && " of " + model.target));
  fact("Classes", model.classes.slice(0, 50).join(", ") + (model.classes.length > 50 ? " and " + (model.classes.length - 50) + " more" : ""));
  if (model.threshold) fact("Threshold", model.threshold.class + " from a probability of " + model.threshold.least + " on");
  fact("Engine", model.engine);
};

const addField = (input, place) => {
  make("label", input.name, at("ask")).htmlFor = "field" + place;
  const box = make("div", "", at("ask")), entry = make("input", "", box, "field" + place);
  make("small", hint(input), box, "hint" + place);
  entry.setAttribute("aria-describedby", "hint" + place + " problem" + place);
  entry.inputMode = input.type === "numeric" && !(input.range && input.range[0] < 0) ? "decimal" : "text";
  entry.spellcheck = false;
  if (input.type === "category" && input.categories.length) {
    const list = make("datalist", "", box, "known" + place);
    input.categories.slice(0, kMostShown).forEach(text => { make("option", "", list).value = text; });
    entry.setAttribute("list", list.id);
  }
  return { input, entry };
};

const choose = place => {
  model = models[place];
  document.title = at("name").textContent = model.name;
  showFacts();
  at("ask").replaceChildren();
  fields = model.inputs.map(addField);
  const buttons = make("div", "", at("ask"));
  buttons.className = "buttons";
  make("button", "Predict", buttons).className = "first";
  buttons.append(" ");
  make("button", "Clear", buttons).type = "reset";
  at("answer").replaceChildren();
  showCurl();
};

// A number stays one, also where a time may be a text.
const read = ({ input, entry }) => {
  const text = entry.value.trim();
  if (text === "") return null;
  if (input.type === "category") return text;
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) {
    const number = Number(text);
    if (!Number.isFinite(number)) throw text + " is beyond the numbers that a double can hold";
    return number;
  }
  if (input.type === "timestamp") return text;
  throw "'" + text + "' is no finite number; expected one, or nothing where it is missing";
};

// What is to be asked, and what is wrong with it: pairs of field and text.
const question = () => {
  const features = {}, problems = [];
  for (const field of fields) {
    try { Object.defineProperty(features, field.input.name, { value: read(field), enumerable: true }); } catch (why) { problems.push([field.input.name, why]); }
  }
  return { body: JSON.stringify({ features }), problems };
};

const pathOf = () => models.length < 2 ? "predict" : model.path.slice(1);
const quoted = text => "'" + text.replaceAll("'", "'\\''") + "'";
const showCurl = () => {
  const { body, problems } = question();
  at("document").hidden = Boolean(token);  // A link carries none.
  const access = token ? " -H \"Authorization: Bearer $TOKEN\"" : "";
  at("curl").textContent = problems.length ? "Once each field holds what it takes." :
    "curl " + quoted(new URL(pathOf(), document.baseURI).href) + access + " -H 'Content-Type: application/json' -d " + quoted(body);
};

const clear = () => {
  at("answer").replaceChildren();
  for (const { entry } of fields) entry.removeAttribute("aria-invalid");
};

const showProblems = problems => {
  clear();
  const list = make("div", "", at("answer"));
  list.setAttribute("role", "alert");
  let first;
  for (const [name, text] of problems) {
    const place = fields.findIndex(({ input }) => input.name === name);
    // Told with its field once.
    const told = name && !text.startsWith(name + ": ") ? name + ": " + text : text;
    make("p", told, list, place < 0 ? "" : "problem" + place).className = "wrong";
    if (place < 0) continue;
    fields[place].entry.setAttribute("aria-invalid", "true");
    first = first || fields[place].entry;
  }
  if (first) first.focus();
};

const showProbabilities = shares => {
  const table = make("table", "", at("answer"));
  make("caption", "Probabilities", table);
  const all = Object.entries(shares).sort((a, b) => b[1] - a[1]);
  for (const [name, share] of all.slice(0, kMostShown)) {
    const row = make("tr", "", table);
    row.className = "bar";
    make("th", name, row).scope = "row";
    make("td", share.toFixed(4), row);
    const track = make("div", "", make("td", "", row));
    track.className = "track";
    make("i", "", track).style.width = 100 * Math.min(Math.max(share, 0), 1) + "%";
  }
};

const showAnswer = got => {
  clear();
  make("small", model.target || "answer", at("answer"));
  make("h2", String(got.prediction), at("answer"));
  if (got.probability) showProbabilities(got.probability);
  make("p", "request " + got.request_id + (got.version && ", version " + got.version), at("answer")).className = "muted";
};

const predict = async () => {
  const { body, problems } = question(), asked = model;
  if (problems.length) return showProblems(problems);
  let got, answer;
  try {
    got = await ask(pathOf(), { method: "POST", headers: { "Content-Type": "application/json" }, body });
    answer = await got.json();
  } catch { return showProblems([["", "The server does not answer."]]); }
  if (asked !== model) return;
  if (got.ok) return showAnswer(answer);
  showProblems([[answer.field || "", answer.error || "The server answers " + got.status + "."]]);
  if (got.status === 401) wantToken("The server does not know this token.");
};

at("ask").addEventListener("input", showCurl);
at("ask").addEventListener("reset", () => setTimeout(() => { clear(); showCurl(); }));
at("ask").addEventListener("submit", event => { event.preventDefault(); predict(); });
at("copy").addEventListener("click", async () => {
  try { await navigator.clipboard.writeText(at("curl").textContent); } catch { getSelection().selectAllChildren(at("curl")); }
});
describe();
)js";

}  // namespace slipway::serve::page
