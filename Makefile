# Two commands matter: `make run` and `make test`. README.md has the same for Windows.
PYTHON ?= python3
PIP_FLAGS ?=
PORT ?= 8501
BIN := .venv/bin

.PHONY: run test format messages assets

run: .venv/app.installed
	$(BIN)/python -m streamlit run app.py --server.port $(PORT)

test: .venv/dev.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/oxlint ui benchmarks
	$(BIN)/python -m tests.install_chromium
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --dist worksteal

format: .venv/dev.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: .venv/dev.installed  # collects new texts of the interface into ui/locales
	$(BIN)/python -m ui.frame.messages

assets: .venv/app.installed  # computes the stored heatmaps and the recorded race again
	$(BIN)/python -m ui.assets

.venv/app.installed: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check $(PIP_FLAGS) -r requirements.txt
	touch $@

.venv/dev.installed: requirements-dev.txt .venv/app.installed
	$(BIN)/python -m pip install --disable-pip-version-check $(PIP_FLAGS) -r requirements-dev.txt
	touch $@
