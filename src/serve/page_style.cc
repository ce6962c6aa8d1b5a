#include "serve/page_internal.h"

namespace slipway::serve::page {

constexpr std::string_view kStyle = R"css(
  :root { color-scheme: light dark; --ink: #1d2733; --paper: #fff; --pale: #5b6875; --line: #7f8b97; --ground: #eef1f5; --accent: #0b5fff; --wrong: #b3261e; }
  @media (prefers-color-scheme: dark) { :root { --ink: #dde3e9; --paper: #14181d; --pale: #9aa7b4; --line: #6f7c89; --ground: #20262d; --accent: #7fb0ff; --wrong: #ff8a80; } }
  * { box-sizing: border-box; }
  body { margin: 2rem auto; max-width: 48rem; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
  h1 { font-size: 1.5rem; margin: 0 0 1rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
  .muted, small { color: var(--pale); } small { display: block; }
  [hidden] { display: none !important; }
  form, dl, #choice { display: grid; grid-template-columns: minmax(7rem, 1fr) 3fr; gap: .6rem 1rem; margin: 1rem 0; }
  label, dt { overflow-wrap: anywhere; padding-top: .35rem; } dt { color: var(--pale); } dd { margin: 0; padding-top: .35rem; overflow-wrap: anywhere; }
  input, select, button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 6px; padding: .35rem .6rem; }
  input, select { width: 100%; }
  input[aria-invalid=true] { border-color: var(--wrong); outline: 1px solid var(--wrong); }
  button { cursor: pointer; } form > button, form > .buttons { grid-column: 2; justify-self: start; }
  button.first { background: var(--accent); border-color: var(--accent); color: var(--paper); }
  a { color: var(--accent); }
  .wrong { color: var(--wrong); overflow-wrap: anywhere; }
  #choice:empty { display: none; }
  #answer h2 { font-size: 1.6rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
  table { border-collapse: collapse; width: 100%; } caption { text-align: left; color: var(--pale); } th { text-align: left; font-weight: normal; overflow-wrap: anywhere; } td:last-child { width: 50%; }
  th, td { padding: .15rem .6rem .15rem 0; } td { font-variant-numeric: tabular-nums; }
  .track { background: var(--ground); border-radius: 4px; } .track i { display: block; height: .8rem; border-radius: 4px; background: var(--accent); }
  pre { background: var(--ground); padding: .8rem; border-radius: 6px; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
  @media (max-width: 34rem) { form, dl, #choice { grid-template-columns: 1fr; gap: .2rem; } form > button, form > .buttons { grid-column: 1; margin-top: .6rem; } }
)css";

}  // namespace slipway::serve::page
