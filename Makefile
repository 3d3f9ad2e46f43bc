# The work is in the package: every target sets up what the lock files say, then runs one module there.
PYTHON ?= python3
RUN := @$(PYTHON) -m streamside.setup
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --quiet

# What an author writes is text, for neither make nor the shell to run: it is handed on as it is, in other variables.
unexport TITLE EXAMPLE START PART

.PHONY: blog quarto test lab lesson bench lock

blog:  # run outdated lessons, make the pages, serve them on this machine
	$(RUN) streamside preview
quarto:  # the same site made by Quarto, in _site-quarto
	$(RUN) streamside.site.quarto_render
test:  # everything that CI proves
	$(RUN) tests
lab:  # open the lessons in JupyterLab; with options of its own: make lab OPTIONS=--no-browser
	$(RUN) streamside lab -- $(OPTIONS)
lesson: export GIVEN_TITLE := $(value TITLE)
lesson: export GIVEN_EXAMPLE := $(value EXAMPLE)
lesson: export GIVEN_START := $(value START)
lesson: export GIVEN_PART := $(value PART)
lesson:  # start a lesson: make lesson TITLE="Many events" [EXAMPLE=named_events] [START=htmx|page|asgi] [PART="First streams"]
	$(RUN) streamside new --example="$$GIVEN_EXAMPLE" --start="$$GIVEN_START" --part="$$GIVEN_PART" -- "$$GIVEN_TITLE"
bench:  # measure set-up, builds, pages and servers, and print tables
	$(RUN) benchmarks
lock:  # bring the lock files up to date (needs uv and npm)
	$(LOCK) --extra tutorial --group dev --group frameworks --group production pyproject.toml --output-file requirements.lock --custom-compile-command "make lock"
	$(LOCK) --group node --output-file requirements-node.lock --custom-compile-command "make lock"
	npm install --package-lock-only --ignore-scripts
	$(LOCK) benchmarks/readers/requirements.in --output-file benchmarks/readers/requirements.lock --custom-compile-command "make lock"
	npm install --package-lock-only --ignore-scripts --prefix benchmarks/readers
