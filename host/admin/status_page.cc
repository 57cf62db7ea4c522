// SPDX-License-Identifier: Apache-2.0
//
// The HTML, style and script of the status page.
#include "admin/status_page.h"

namespace myelin {
namespace {

constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>myelin</title>
<style>
:root { color-scheme: light dark; }
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; }
p { margin: 0; opacity: .75; } a { color: inherit; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { font-weight: 600; opacity: .75; } th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid #8883; }
th:first-child, td:first-child { text-align: left; } .wide { width: 25%; }
.bar { background: #4a8; height: .7rem; border-radius: 2px; } .down { color: #c33; } .draining { color: #b80; }
</style></head>
<body><h1>myelin</h1><p id="head">loading</p><div id="proxies"></div>
<p style="margin-top:2rem"><a href="stats">stats</a> · <a href="metrics">metrics</a> · <a href="healthz">healthz</a></p>
<script>
'use strict';
let before = new Map(), before_at = 0;
function make(tag, text, parent, name) {
  const e = document.createElement(tag);
  if (text !== null) e.textContent = text;
  if (name) e.className = name;
  parent.append(e);
  return e;
}
const sum = calls => Object.values(calls).reduce((a, b) => a + b, 0);
const ms = s => s >= 1 ? s.toFixed(2) + ' s' : (s * 1000).toFixed(2) + ' ms';
function rate(key, now, seconds, next) {
  next.set(key, now);
  return before.has(key) && seconds > 0 ? Math.max(0, now - before.get(key)) / seconds : 0;
}
function endpoints(proxy, seconds, next, parent) {
  const table = make('table', null, parent), head = make('tr', null, table);
  for (const t of ['endpoint', 'state', 'weight', 'calls', 'failed', 'calls/s', 'in flight', 'queued', 'conns', 'p50', 'p99'])
    make('th', t, head);
  make('th', 'share now', head, 'wide');
  const rates = proxy.endpoints.map(e => rate(proxy.name + ' ' + e.id, sum(e.calls), seconds, next));
  const most = Math.max(1e-9, ...rates);
  proxy.endpoints.forEach((e, i) => {
    const row = make('tr', null, table), total = sum(e.calls);
    make('td', e.name && e.name != e.address ? `${e.address} (${e.name})` : e.address, row);
    make('td', e.state, row, ['down', 'draining'].includes(e.state) ? e.state : '');
    for (const v of [e.weight, total, total - e.calls.OK, rates[i].toFixed(1), e.in_flight, e.queued,
                     e.connections.ready, ms(e.latency.p50_seconds), ms(e.latency.p99_seconds)]) make('td', v, row);
    make('div', null, make('td', null, row), 'bar').style.width = 100 * rates[i] / most + '%';
  });
}
function render(stats) {
  const now = performance.now() / 1000, seconds = before_at ? now - before_at : 0, next = new Map();
  document.getElementById('head').textContent = `version ${stats.version}, up ${Math.round(stats.uptime_seconds)} s, ` +
    `${stats.workers} workers${stats.draining ? ', draining' : ''}`;
  const all = document.createElement('div');
  for (const proxy of stats.proxies) {
    make('h2', proxy.name, all);
    const limits = proxy.limiters.map(l => `${l.name}: ${l.admitted} admitted, ${l.delayed} delayed, ${l.rejected} rejected`);
    make('p', [`${proxy.listen.join(', ')} → ${proxy.balancer} / ${proxy.pool}`, `${proxy.in_flight} in flight`,
               `${sum(proxy.calls)} calls`, `${proxy.refused_by_host} refused here`, ...limits].join(' · '), all);
    endpoints(proxy, seconds, next, all);
  }
  document.getElementById('proxies').replaceChildren(all);
  before = next; before_at = now;
}
async function refresh() {
  try { render(await (await fetch('stats')).json()); }
  catch (e) { document.getElementById('head').textContent = 'no answer: ' + e.message; }
  setTimeout(refresh, 2000);
}
refresh();
</script></body></html>
)html";

}  // namespace

std::string_view StatusPage() { return kPage; }

}  // namespace myelin
