"""The compared configurations: the same daemons as the guides configure them, and as the collection does."""

from bench.lab import Lab
from bench.settings import HERE, ROOT, SIZES

SITE = ROOT / "site.yml"
CHANGE = ("haproxy_timeouts.server", 30_000)

GUIDES = Lab("guides", 0, HERE / "guides" / "deploy.yml", ("guides_timeout_server", 10_000), home="lb1")
# What the guides' haproxy.cfg logs is kept, by rsyslog as some of them set it up.
LOGGED = Lab("logged", 3, GUIDES.playbook, GUIDES.change, variables=HERE / "guides" / "logged.yml", home="lb1")
OURS = Lab("ours", 1, SITE, CHANGE, variables=HERE / "ours.yml")
# Exactly inventories/lab, of several sizes. They have one network, so only one of them can be there.
BARE = {size: Lab(f"bare{size}", 2, SITE, CHANGE, web_servers=size) for size in SIZES}

FAST = {"keepalived_timing": "fast"}
