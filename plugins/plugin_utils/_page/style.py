# Copyright: evenkeel.ha_web contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Style sheet of pages for light, dark and print; chart.py of the drill defines the classes of its picture."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --back: #fbfbfa; --card: #fff; --ink: #1c2128; --dim: #5c6670; --line: #dfe3e8;
  --red: #c62a2f; --green: #1a7a3c; --amber: #8a5a00; --during: #f6e3d3; --master: #2b6cb0; --flow: #8896a5;
  --s0: #4c8bd6; --s1: #2aa79b; --s2: #8f74d2; --s3: #c79a2b; --s4: #6f9e3f; --s5: #98a2ad }
@media screen and (prefers-color-scheme: dark) { :root {
  --back: #0f1318; --card: #171c23; --ink: #e8ecf1; --dim: #9aa5b1; --line: #2b333d;
  --red: #ff6b6b; --green: #57c97f; --amber: #e0a63a; --during: #3b2c1f; --master: #6aa9f0; --flow: #6c7a89;
  --s0: #5d9df0; --s1: #3dbfb1; --s2: #a68cf0; --s3: #dcb04a; --s4: #8cc255; --s5: #7d8894 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
main { max-width: 1040px; margin: 0 auto; padding: 32px 20px 56px }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -.01em }
h2 { font-size: 18px; margin: 0 0 2px }
h3 { font-size: 15px; margin: 24px 0 6px }
p { margin: 4px 0 }
.dim, caption, .note { color: var(--dim) }
.verdict { font-size: 17px; margin: 14px 0 22px }
.bad { color: var(--red); font-weight: 600 }
.good { color: var(--green); font-weight: 600 }
.costly { color: var(--amber); font-weight: 600 }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px;
  margin: 0 0 20px; break-inside: avoid }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
caption { text-align: left; padding-bottom: 6px }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top }
tbody tr:last-child > * { border-bottom: 0 }
thead th { color: var(--dim); font-weight: 500; font-size: 13px; vertical-align: bottom }
tbody th { font-weight: 500 }
.number { text-align: right }
td.number { white-space: nowrap }
a { color: inherit; text-decoration-color: var(--line); text-underline-offset: 3px }
.chart { display: block; width: 100%; height: auto; margin: 12px 0 4px }
.chart text { font: 12px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--ink) }
.chart text.mark, .key { fill: var(--dim); color: var(--dim) }
.chart text.mark { font-size: 11px }
.chart text.event { font-size: 11px; font-weight: 600; fill: var(--red) }
.grid { stroke: var(--line); fill: none }
.begin { stroke: var(--red); stroke-dasharray: 3 3; fill: none }
.during { fill: var(--during) }
.lost { fill: var(--red) }
.cross { stroke: var(--red); stroke-width: 2; fill: none }
.master { fill: var(--master) }
.backup, .quiet, .init, .stop { fill: var(--flow) }
.flow { fill: var(--flow) }
.fault { fill: none; stroke: var(--red); stroke-width: 1.5 }
.s0 { fill: var(--s0) } .s1 { fill: var(--s1) } .s2 { fill: var(--s2) } .s3 { fill: var(--s3) }
.s4 { fill: var(--s4) } .s5 { fill: var(--s5) }
.key { font-size: 13px; display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 10px 0 0; padding: 0; list-style: none }
.key svg { width: 18px; height: 12px; vertical-align: -1px; margin-right: 6px }
ul.errors { margin: 6px 0 0; padding-left: 20px }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; margin: 0 }
dd { margin: 0; overflow-wrap: anywhere }
dt { color: var(--dim) }
@media print { :root { color-scheme: light } body { background: #fff; font-size: 11px }
  main { max-width: none; padding: 0 } h1 { font-size: 20px } h2, .verdict { font-size: 14px }
  thead th, .key { font-size: 10px }
  .card { border: 0; padding: 0 } * { print-color-adjust: exact; -webkit-print-color-adjust: exact } }
"""
