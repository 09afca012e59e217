# Everything here works on a machine with nothing but Python 3.11 or newer and make.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet --quiet install --require-hashes
PYTEST := $(PY) -m pytest -q -n 2 --dist worksteal

# Services that `make test-services` talks to; name others in the environment.
TEST_DATABASE_URL ?= postgres://postgres@127.0.0.1:5432/postgres
TEST_REDIS_URL ?= redis://127.0.0.1:6379/9
TEST_BROKER_URL ?= amqp://guest:guest@127.0.0.1:5672//

# What would change the tests or the demo if it leaked in from the shell: an empty value counts as unset.
PRIVATE := SECRET_KEY DEBUG SITE_URL HSTS_INCLUDE_SUBDOMAINS HSTS_PRELOAD ALLOWED_HOSTS CSRF_TRUSTED_ORIGINS CORS_ALLOWED_ORIGINS \
	DATABASE_URL REDIS_URL CELERY_BROKER_URL \
	RELAY_BASE_URL RELAY_API_KEY RELAY_RPM RELAY_STREAM_RPM RELAY_PROXY RELAY_CA_BUNDLE RELAY_ALLOW_PRIVATE \
	TRIAGE_MODEL TRIAGE_BATCH_SIZE TRIAGE_BODY_CHARS TRIAGE_CONCURRENCY DRAFT_MODEL DRAFT_MAX_STREAMS \
	MONTHLY_BUDGET_USD USER_DAILY_BUDGET_USD AI_ENABLED REQUIRE_ADMIN_2FA METRICS_TOKEN LOG_FORMAT SENTRY_DSN \
	EMAIL_URL MAIL_FROM MAIL_REPLY_TAG INBOUND_MAIL_URL MAIL_AUTH_HOST \
	SUPPORT_NAME CUSTOMER_LINK_DAYS CONFIRM_TICKETS NOTIFY_MAIL_MINUTES \
	MEDIA_ROOT ATTACHMENT_MAX_MB RETAIN_DRAFTS_DAYS
CLEAN := env $(foreach name,$(PRIVATE),$(name)=)

.PHONY: setup demo serve test test-services test-browser test-peers soak lint audit format bench requirements

setup: $(VENV)/installed
	@$(PY) manage.py collectstatic --noinput --verbosity 0

demo: setup
	@$(CLEAN) PORT=$(PORT) DATABASE_URL=sqlite:///$(CURDIR)/var/demo.sqlite3 RELAY_RPM=600 RELAY_API_KEY=simulated \
		$(PY) manage.py demo

serve: setup
	@PORT=$(PORT) $(PY) manage.py serve

test: $(VENV)/installed-dev
	@$(CLEAN) $(PYTEST)

test-services: $(VENV)/installed-dev
	@$(CLEAN) $(PY) manage.py collectstatic --noinput --verbosity 0
	@$(CLEAN) DATABASE_URL=$(TEST_DATABASE_URL) REDIS_URL=$(TEST_REDIS_URL) CELERY_BROKER_URL=$(TEST_BROKER_URL) \
		$(PYTEST) -m 'not browser and not soak and not peers'

test-browser: $(VENV)/installed-dev
	@command -v chromium >/dev/null || { echo "Install Chromium first: apt-get install chromium"; exit 1; }
	@$(CLEAN) $(PY) manage.py collectstatic --noinput --verbosity 0
	@$(CLEAN) $(PY) -m pytest -q -m browser tests/browser

test-peers: $(VENV)/installed-dev
	@$(PYTHON) -m venv var/peers
	@var/peers/bin/pip --disable-pip-version-check --quiet install --requirement tests/peers/requirements.txt
	@$(CLEAN) $(PY) -m pytest -q -m peers tests

soak: $(VENV)/installed-dev
	@$(CLEAN) $(PY) -m pytest -q -m soak tests

lint: $(VENV)/installed-dev
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(CLEAN) $(VENV)/bin/mypy config tickets assistant
	@$(CLEAN) $(PY) manage.py makemigrations --check --dry-run --verbosity 0

audit: $(VENV)/installed-dev
	@$(PY) .ci/audit.py

format: $(VENV)/installed-dev
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

bench: $(VENV)/installed-dev
	@for script in bench/*.py; do echo "## $$script"; $(CLEAN) $(PY) $$script || exit 1; done

requirements: $(VENV)/installed-dev
	$(VENV)/bin/pip-compile --quiet --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links \
		--no-header --output-file requirements.txt pyproject.toml
	$(VENV)/bin/pip-compile --quiet --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links \
		--no-header --allow-unsafe --extra dev --constraint requirements.txt --output-file requirements-dev.txt \
		pyproject.toml

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit("Collie needs Python 3.11 or newer." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt | $(PY)
	@echo "Installing what Collie needs …"
	@$(PIP) --requirement requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt | $(PY)
	@echo "Installing what the tests need …"
	@$(PIP) --requirement requirements-dev.txt
	@touch $@
