# The checkout's tools and collection take precedence over installed ones.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/collections

.PHONY: help demo test checks lint unit sanity molecule endurance compat artefact release bench docs site lock venv \
	engine clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

demo: venv engine ## deploy the cluster on local containers and fail it over
	@tests/tools/image "$${LAB_RELEASE:-bookworm}"
	@.venv/bin/python tests/tools/demo.py

test: ## all checks, those without hosts first
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=line checks
	@$(MAKE) --no-print-directory molecule

checks: lint unit sanity

lint: venv ## style of YAML, Python and Ansible content
	yamllint --strict .
	ruff check .
	ruff format --check .
	mypy
	ansible-lint --offline --profile production
	@python tests/docs/reference.py --check
	@$(MAKE) --no-print-directory site

unit: venv ## tests of plugins, roles and input, without hosts
	pytest -n 2 --dist loadgroup tests/unit

sanity: venv ## ansible-test's checks of the built collection
	tests/sanity/run

# The longest scenarios run first. Tests that count lost requests run beside scenarios that need little CPU; scenarios
# that install packages use both cores and run after them. Scenarios after the word "alone" need both cores.
SCENARIO ?= default security aws_elastic_ip flexible_engine tcp_passthrough pi_cluster cookie_sessions drill \
    debian13 roles alone overload
molecule: venv engine ## deploy on containers and test what runs there; SCENARIO=name: it alone; KEEP=1: its hosts stay
	@tests/tools/scenarios $(SCENARIO)

endurance: venv engine ## every fault, random ones too, all planned work under traffic, long overload; takes eight hours
	@FAULTS=all pytest -n 2 tests/unit/plugins/modules/test_config_transaction_faults.py
	@ROLLING_DOWNLOAD=300 ROLLING_WEBSOCKET=600 tests/tools/scenarios rolling
	@PROMISE_INVENTORIES=300 MARKS=long tests/tools/scenarios default security drill aws_elastic_ip
	@PROMISE_INVENTORIES=300 MARKS="long or once" tests/tools/scenarios debian13 forky
	@MARKS="long or not long" tests/tools/scenarios anycast
	@for name in anycast5 operators tiers clusters forky http3 repositories metrics ipv6 \
		lossless faults faults13 lossless13 pi_containers migration ssh; do \
		tests/tools/scenarios $$name || exit 1; done
	@for release in bookworm trixie forky; do \
		CHAOS_STEPS=$${CHAOS_STEPS:-100} LAB_RELEASE=$$release-installed tests/tools/scenarios chaos || exit 1; done
	@for name in overload3 overload_containers; do \
		OVERLOAD_SECONDS=$${OVERLOAD_SECONDS:-600} LOG_DEATHS=100 tests/tools/scenarios $$name || exit 1; done

compat: venv engine artefact ## other releases of ansible-core, the installed copy, and an upgrade; takes an hour
	@tests/compat/run
	@tests/artefact/installed default
	@tests/tools/scenarios upgrade
	@tests/compat/lowest

artefact: venv ## build what is published, and check it
	@tests/artefact/check

release: venv ## make release VERSION=1.2.3: changelog, commit, tag and artefact; publishes nothing
	@tests/artefact/release "$(VERSION)"

bench: venv engine ## measure failover, throughput and Ansible's runs beside the guides' configuration
	@tests/tools/image "$${LAB_RELEASE:-bookworm}"
	@PYTHONPATH=tests:tests/lab:molecule/shared:collections python -m bench

site: venv ## build the documentation as a site, in tests/output/site
	@sphinx-build --quiet --fresh-env --fail-on-warning --conf-dir tests/docs/site \
		--doctree-dir tests/output/doctrees . tests/output/site
	@echo "==> $(CURDIR)/tests/output/site/index.html"

docs: venv ## write the pages of docs/reference/collection from the collection's sources
	@python tests/docs/reference.py

lock: venv ## write the *.lock of the *.txt that name what is needed: the versions of everything, with hashes
	@tests/tools/lock requirements tests/compat/lowest

venv:
	@tests/tools/venv

engine:
	@tests/tools/engine

# Keeps the images for the next run. To remove them: docker rmi evenkeel-lab:bookworm ...
clean: ## remove the demo's hosts and network, .venv and caches
	if [ -x .venv/bin/ansible-playbook ] && docker version >/dev/null 2>&1; then \
	    ansible-playbook -i inventories/lab tests/lab/destroy.yml; fi
	rm -rf .venv .ansible .cache .mypy_cache .pytest_cache .ruff_cache tests/tools/.cache \
	    tests/output inventories/lab/.statistics_password
