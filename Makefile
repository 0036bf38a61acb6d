# Two commands: `make demo` and `make test`. Everything they need they install into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint install install-test clean

demo: $(VENV)/installed
	$(BIN)/evenmatch run configs/demo.yaml
	@echo
	@echo "The report is the report.html named above; the newest is"
	@ls -t reports/demo/*/report.html | head -1
	@echo "MLflow's page: $(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow.db"

test: lint
	$(BIN)/pytest

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: $(VENV)/installed
install-test: $(VENV)/installed-test

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "evenmatch needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.12 demo")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dlib]'
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dlib,facenet,faiss,test]'
	@touch $@

clean:
	rm -rf $(VENV) reports/demo mlflow.db mlartifacts
