# Two commands: `make demo` and `make test`. Everything they need they install into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Every file that a registry gives has to have the SHA-256 that locks/ has of it; `make locks`
# writes them. PyTorch's build is the machine's own affair: constraints.txt pins its version.
PIP := $(BIN)/python -m pip install --quiet
LOCKED := $(PIP) --require-hashes --no-deps --no-build-isolation

.PHONY: demo test slow lint install install-test locks dependencies sbom sample picture clean

demo: $(VENV)/installed
	$(BIN)/evenmatch run configs/demo.yaml
	@echo
	@echo "The report is the report.html named above; the newest is"
	@ls -t reports/demo/*/report.html | head -1
	@echo "MLflow's page: $(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow.db"

test: lint
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

# The tests that take long, which .ci/run runs too.
slow: $(VENV)/installed-test
	$(BIN)/pytest -n 2 --dist loadfile -m slow

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: $(VENV)/installed
install-test: $(VENV)/installed-test

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "evenmatch needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.12 demo")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml locks/build.txt locks/demo.txt
	$(LOCKED) -r locks/build.txt
	$(LOCKED) -r locks/demo.txt
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed locks/test.txt constraints.txt
	$(LOCKED) -r locks/test.txt
	$(PIP) -c constraints.txt torch torchvision
	@touch $@

# The versions of constraints.txt with the SHA-256 of each of their files, on any system and any
# Python this runs on. No registry's address is written.
UV := uv==0.13.9
COMPILE = $(VENV)/locks/bin/uv --quiet pip compile --universal --python-version 3.11 -c constraints.txt \
  --generate-hashes --no-header --no-annotate
TORCH = $(shell sed -nE 's/^((nvidia|cuda)-[a-z0-9-]+|torch|torchvision|triton)==.*/--no-emit-package \1/p' constraints.txt)
locks:
	$(PYTHON) -m venv $(VENV)/locks
	$(VENV)/locks/bin/python -m pip install --quiet $(UV)
	$(COMPILE) locks/build.in -o locks/build.txt
	$(COMPILE) -c locks/build.txt pyproject.toml --extra dlib -o locks/demo.txt
	$(COMPILE) -c locks/build.txt pyproject.toml $(TORCH) \
	  --extra dlib --extra facenet --extra faiss --extra onnx --extra ray --extra s3 --extra test -o locks/test.txt
	rm -r $(VENV)/locks

# The list of dependencies and licences, from what is installed.
dependencies: $(VENV)/installed-test
	$(BIN)/python locks/dependencies.py

# The same for machines: dist/sbom.json, in CycloneDX.
sbom: $(VENV)/installed-test
	mkdir -p dist
	$(PYTHON) -m venv $(VENV)/sbom
	$(VENV)/sbom/bin/python -m pip install --quiet cyclonedx-bom==7.5.0
	$(VENV)/sbom/bin/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --output-reproducible -o dist/sbom.json
	rm -r $(VENV)/sbom

# What is committed of an audit: the demonstration's page, tables and results, without its scores.
sample: $(VENV)/installed
	rm -rf reports/sample-run reports/sample
	$(BIN)/evenmatch run configs/demo.yaml --quiet --set tracking=null --out reports/sample-run
	mkdir reports/sample
	cp reports/sample-run/demo/*/report.html reports/sample-run/demo/*/*.csv reports/sample
	rm reports/sample/gallery.csv
	test ! -e reports/sample-run/demo/*/report.md || cp reports/sample-run/demo/*/report.md reports/sample
	gzip -9nc reports/sample-run/demo/*/results.json > reports/sample/results.json.gz
	rm -rf reports/sample-run

# The README's picture of the report, by Chromium.
picture: $(VENV)/installed
	mkdir -p docs/pictures
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1280,1060 \
	  --screenshot=$(CURDIR)/reports/picture.png file://$(CURDIR)/reports/sample/report.html
	$(BIN)/python -c "from PIL import Image; Image.open('reports/picture.png').convert('RGB').quantize(96, dither=0).save('docs/pictures/report.png', optimize=True)"
	rm reports/picture.png

clean:
	rm -rf $(VENV) reports/demo mlflow.db mlartifacts
