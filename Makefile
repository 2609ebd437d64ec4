# Builds, tests and installs tcpflow. Cargo does the work; this knows where things go.
#
#   make                      build target/release/tcpflow
#   make demo                 extract a bundled capture into target/demo
#   make test                 run all tests
#   sudo make install         install below PREFIX (default /usr/local); DESTDIR for packagers
#   sudo make uninstall       remove what install put there

PREFIX ?= /usr/local
DESTDIR ?=
# Right after ./bootstrap the shell does not know yet where cargo is.
CARGO ?= $(shell command -v cargo 2>/dev/null || echo "$${CARGO_HOME:-$$HOME/.cargo}/bin/cargo")
TARGET = $(or $(CARGO_TARGET_DIR),target)
PROGRAM = $(TARGET)/release/tcpflow

BINARY = $(DESTDIR)$(PREFIX)/bin/tcpflow
MANUAL = $(DESTDIR)$(PREFIX)/share/man/man1/tcpflow.1
BASH_COMPLETION = $(DESTDIR)$(PREFIX)/share/bash-completion/completions/tcpflow
ZSH_COMPLETION = $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_tcpflow
FISH_COMPLETION = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/tcpflow.fish

.PHONY: build demo test install uninstall

build:
	$(CARGO) build --release --locked

demo: build
	rm -rf target/demo
	mkdir -p target
	$(PROGRAM) -a -o target/demo -r fixtures/http-ipv4.pcap
	ls -l target/demo

test:
	$(CARGO) test --locked

# Does not build: sudo should not run a compiler.
install:
	@test -x $(PROGRAM) || { echo "$(PROGRAM) is not there; run make first" >&2; exit 1; }
	install -D -m 755 $(PROGRAM) $(BINARY)
	install -D -m 644 man/tcpflow.1 $(MANUAL)
	install -d $(dir $(BASH_COMPLETION) $(ZSH_COMPLETION) $(FISH_COMPLETION))
	$(PROGRAM) --generate complete-bash > $(BASH_COMPLETION)
	$(PROGRAM) --generate complete-zsh > $(ZSH_COMPLETION)
	$(PROGRAM) --generate complete-fish > $(FISH_COMPLETION)
	chmod 644 $(BASH_COMPLETION) $(ZSH_COMPLETION) $(FISH_COMPLETION)

uninstall:
	rm -f $(BINARY) $(MANUAL) $(BASH_COMPLETION) $(ZSH_COMPLETION) $(FISH_COMPLETION)
