# The checkout's tools and collection come first, whatever else is installed.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/collections

.NOTPARALLEL:
.PHONY: help demo test lint unit sanity molecule endurance compat artefact release bench docs venv engine images clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

demo: venv engine ## deploy the cluster on local containers and fail it over
	@tests/lab/image "$${LAB_RELEASE:-bookworm}"
	@.venv/bin/python tests/lab/demo.py

test: lint unit sanity molecule ## all checks, the fastest first

lint: venv ## style of YAML, Python and Ansible content
	yamllint --strict .
	ruff check .
	ruff format --check .
	ansible-lint --offline --profile production
	@python tests/reference.py --check

unit: venv ## tests of plugins, roles and input, without hosts
	pytest -n 2 tests/unit

sanity: venv ## ansible-test's checks of the built collection
	tests/sanity/run

molecule: venv engine images ## deploy on containers and test what runs there
	@tests/lab/scenarios default
	@tests/lab/scenarios debian13 drill aws_elastic_ip metrics faults13 flexible_engine \
	    tcp_passthrough security pi_cluster cookie_sessions roles

endurance: venv engine images ## every fault, and all planned work under traffic; takes an hour and a half
	@tests/lab/image bookworm-docker
	@for name in lossless faults rolling lossless13 pi_containers; do tests/lab/scenarios $$name || exit 1; done

compat: venv engine images ## deploy by every supported release of ansible-core
	@tests/compat/run

artefact: venv ## build what is published, and check it
	@tests/artefact/check

release: venv ## make release VERSION=1.2.3: changelog, commit, tag and artefact; publishes nothing
	@tests/artefact/release "$(VERSION)"

bench: venv engine ## measure failover, throughput and Ansible's runs beside the guides' configuration
	@tests/lab/image "$${LAB_RELEASE:-bookworm}"
	@PYTHONPATH=tests:tests/lab:molecule/shared python -m bench

docs: venv ## write the pages of docs/reference from the collection's sources
	@python tests/reference.py

venv:
	@tests/lab/venv

engine:
	@tests/lab/engine

images: engine
	@tests/lab/image bookworm-installed
	@tests/lab/image trixie-installed

# The images stay, for the next run: docker rmi evenkeel-lab:bookworm ...
clean: ## remove the demo's hosts and network, .venv and caches
	if [ -x .venv/bin/ansible-playbook ] && docker version >/dev/null 2>&1; then \
	    ansible-playbook -i inventories/lab tests/lab/destroy.yml; fi
	rm -rf .venv .ansible .cache .pytest_cache .ruff_cache tests/lab/.cache \
	    tests/output inventories/lab/.statistics_password
