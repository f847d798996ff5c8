# Two commands do everything on a fresh machine with Python and make: `make run`, `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The version that the environment was made with, or else the one it will be made with. Where
# the system's Python moved on or away, the stamp is missing and the environment is made anew.
PYTHON_VERSION := $(shell \
	{ $(BIN)/python -V || { rm -f $(VENV)/.made-with-*; $(PYTHON) -V; }; } 2>/dev/null \
	| sed 's/^Python //; s/\.[0-9a-z+]*$$//')
VENV_MADE := $(VENV)/.made-with-$(PYTHON_VERSION)
SITE_INSTALLED := $(VENV)/.installed-requirements
TOOLS_INSTALLED := $(VENV)/.installed-requirements-dev

STATIC_COLLECTED := $(or $(VAR_DIR),var)/static/staticfiles.json
# Folders too: their time changes when a file is added or removed.
STATIC_SOURCES := $(shell find static calculator/static gpus/static 2>/dev/null)

MANAGE := $(BIN)/python manage.py

# A process per core, each with a database and a browser of its own; who is done first takes over.
IN_PARALLEL := --numprocesses auto --maxprocesses 8 --dist worksteal
# The browser, this house's rules and the core see nothing of which database it is, and the drills
# start databases of their own.
ON_POSTGRESQL := tests --ignore tests/browser --ignore tests/house --ignore tests/validation \
	--ignore tests/calculator/estimation --ignore tests/drills

# The tracing tool has an environment of its own: the site never needs PyTorch.
TRACING_VENV := validation/.venv
TRACING_INSTALLED := $(TRACING_VENV)/.installed-requirements

.PHONY: help install run dev test testpostgresql bench soak lighthouse check audit fuzz fix lock sbom validate admin clean
.DELETE_ON_ERROR:

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: install $(STATIC_COLLECTED)  ## start the site on http://127.0.0.1:8000 (PORT=… changes it)
	@$(MANAGE) migrate --noinput --verbosity 0
	@$(MANAGE) load_catalog
	@exec $(BIN)/python -m gunicorn --config config/gunicorn.conf.py config.wsgi

dev: install  ## the same with DEBUG on and reloading when the code changes
	@$(MANAGE) migrate --noinput --verbosity 0
	@$(MANAGE) load_catalog
	@exec env DEBUG=1 $(MANAGE) runserver "127.0.0.1:$${PORT:-8000}"

test: $(TOOLS_INSTALLED)  ## run every test, browser included (ARGS="tests/gpus -k price" chooses)
	@$(BIN)/python tests/browser/find_browser.py
	@$(BIN)/python -m tests.services
	@$(BIN)/python -m pytest $(IN_PARALLEL) $(ARGS)

testpostgresql: $(TOOLS_INSTALLED)  ## run what touches rows or the cache on PostgreSQL and Redis
	@$(BIN)/python -m tests.services $(BIN)/python -m pytest $(IN_PARALLEL) $(or $(ARGS),$(ON_POSTGRESQL))

bench: $(TOOLS_INSTALLED)  ## hold the site's speed to a bare Django view's, side by side
	@$(BIN)/python -m tests.bench $(ARGS)

soak: $(TOOLS_INSTALLED)  ## ten minutes at saturation with kills, edits and database restarts; then memory
	@$(BIN)/python -m tests.bench.soak $(ARGS)
	@$(BIN)/python -m tests.bench.memory

# Node and its packages stay outside of the project; CHROME_PATH is Debian's Chromium.
LIGHTHOUSE := npx --yes lighthouse@12.8.2 --quiet --form-factor=mobile --output=json \
	--only-categories=performance,accessibility,best-practices,seo \
	--chrome-flags="--headless=new --no-sandbox --disable-gpu --disable-background-networking"

lighthouse:  ## ask Lighthouse about five pages of a running site as on a phone (needs node; SITE=…)
	@for path in / /models/llama-3-1-8b/ /gpus/rtx-4090/ /faq/vram-to-fine-tune-7b/ /accuracy/; do \
		CHROME_PATH=$${CHROME_PATH:-/usr/bin/chromium} \
		$(LIGHTHOUSE) "$(or $(SITE),http://127.0.0.1:8000)$$path" | node -e \
		'let t="";process.stdin.on("data",d=>t+=d).on("end",()=>{const c=JSON.parse(t).categories;console.log(process.argv[1],...Object.values(c).map(x=>x.id+" "+Math.round(100*x.score)))})' \
		"$$path" || exit 1; done

check: $(TOOLS_INSTALLED)  ## lint, format, imports, types and migrations, changing nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	git ls-files -z '*.py' | xargs -0 $(BIN)/django-upgrade --check
	git ls-files -z 'templates/*.html' | xargs -0 -r $(BIN)/djade --check
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/mypy
	$(MANAGE) makemigrations --check --dry-run
	@$(MAKE) --no-print-directory audit

# pip-audit fails both where it finds something and where it cannot ask; only the first prints.
audit: $(TOOLS_INSTALLED)  ## look the pins up among known vulnerabilities (AUDIT=required: fail where that cannot be asked)
	@mkdir -p $(or $(VAR_DIR),var); found=$$($(BIN)/pip-audit --progress-spinner off --disable-pip --require-hashes \
		--requirement requirements.txt 2>$(or $(VAR_DIR),var)/audit.log) || { \
		if [ -n "$$found" ]; then echo "$$found"; exit 1; fi; \
		echo "Known vulnerabilities were NOT looked up: the service cannot be reached ($(or $(VAR_DIR),var)/audit.log)." >&2; \
		[ "$(AUDIT)" != required ]; }

sbom: $(TOOLS_INSTALLED)  ## list everything that the site runs on, as CycloneDX, in var/sbom.json
	@mkdir -p $(or $(VAR_DIR),var)
	@$(BIN)/cyclonedx-py requirements requirements.txt --output-reproducible \
		--output-file $(or $(VAR_DIR),var)/sbom.json

lock:  ## pin the whole closure with its hashes anew from deploy/*.in (needs uv)
	cd deploy && for name in requirements requirements-dev; do \
		uv pip compile --universal --python-version 3.10 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" --quiet $$name.in --output-file ../$$name.txt; done

fuzz: $(TOOLS_INSTALLED)  ## ask every page with arbitrary questions (FUZZ_REQUESTS=50000)
	@FUZZ_REQUESTS=$(or $(FUZZ_REQUESTS),50000) $(BIN)/python -m pytest tests/fuzz -q

fix: $(TOOLS_INSTALLED)  ## let the linters and formatters repair what they can
	git ls-files -z '*.py' | xargs -0 $(BIN)/django-upgrade --exit-zero-even-if-changed
	git ls-files -z 'templates/*.html' | xargs -0 -r $(BIN)/djade || true
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

validate: $(TRACING_INSTALLED) install  ## trace real training steps anew and hold the estimate to them (takes an hour)
	@$(TRACING_VENV)/bin/python -m validation.trace --all
	@$(BIN)/python -m validation.compare

admin: install  ## make the first user of the admin
	@$(MANAGE) migrate --noinput --verbosity 0
	@$(MANAGE) createsuperuser

clean:  ## remove the environment and the collected files, but never the database
	rm -rf $(VENV) $(dir $(STATIC_COLLECTED))

install: $(SITE_INSTALLED)

# The stamp comes last: an environment that was interrupted halfway is made again. Debian splits
# ensurepip off into a package of its own, and venv's own message about it is easily overlooked.
$(VENV_MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "This needs Python 3.10 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)." >&2; \
		echo "With another one installed, name it: make run PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments here. On Debian and Ubuntu:" >&2; \
		echo "    apt-get install python3-venv" >&2; exit 1; }
	@echo "Making $(VENV) with Python $(PYTHON_VERSION) …"
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(SITE_INSTALLED): requirements.txt $(VENV_MADE)
	@echo "Installing $< …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(TOOLS_INSTALLED): requirements-dev.txt $(SITE_INSTALLED)
	@echo "Installing $< …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(TRACING_INSTALLED): validation/requirements.txt
	@echo "Installing $< …"
	@$(PYTHON) -m venv --clear $(TRACING_VENV)
	@$(TRACING_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# Hashing and compressing takes seconds, so it is done only when a file changed; cleared first,
# so that nothing of an older version stays behind.
$(STATIC_COLLECTED): $(STATIC_SOURCES) $(SITE_INSTALLED)
	@echo "Collecting static files …"
	@DEBUG=0 $(MANAGE) collectstatic --noinput --clear --verbosity 0
