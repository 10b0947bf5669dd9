# make run    start everything (installs what is missing, builds, prints a sign-in link)
# make test   run every test, with a throw-away Postgres server
# make check  what CI checks beside the tests: format, lints, docs
# make bench  measure, and print one table

.PHONY: run test check bench queries client tools browser
.DEFAULT_GOAL := run

CLIENT := src/web/client
CLIENT_SOURCES := $(wildcard $(addprefix $(CLIENT)/, package.json package-lock.json tsconfig.json build.mjs src/*.ts style/*.css))
SOURCES := Cargo.toml Cargo.lock $(shell find src migrations config .sqlx -path $(CLIENT) -prune -o -type f -print)
# A database named for other reasons is no business of the build's.
export SQLX_OFFLINE := true
# Tests wait more than they compute.
export RUST_TEST_THREADS ?= 4

run: target/release/workshop
	WORKSHOP_LLM__LOCAL__FETCH=true target/release/workshop serve --welcome

target/release/workshop: $(SOURCES) $(CLIENT)/dist/style.css | tools
	cargo build --release --locked --bin workshop
	@touch $@

test: tools browser client
	cargo build --locked --bin workshop
	npm test --prefix $(CLIENT)
	target/debug/workshop dev with-database -- cargo test --locked

check: client
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

bench: tools client
	cargo build --release --locked --bench workshop
	target/release/workshop dev with-database --durable -- cargo bench --locked --bench workshop

# Renews the data that checks the queries when there is no database (.sqlx), after a change of queries or migrations.
queries: tools client
	cargo build --bin workshop
	rm -rf .sqlx.new && mkdir .sqlx.new && touch src/lib.rs
	target/debug/workshop dev with-database -- sh -c '\
		WORKSHOP_DATABASE__URL="$$TEST_DATABASE_URL" target/debug/workshop migrate && \
		WORKSHOP_BUILD_DATABASE_URL="$$TEST_DATABASE_URL&options=-csearch_path%3Dworkshop,public" \
		SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$(CURDIR)/.sqlx.new cargo check'
	rm -rf .sqlx && mv .sqlx.new .sqlx

# What runs in the browser, ready to be embedded.
client: $(CLIENT)/dist/style.css

$(CLIENT)/dist/style.css: $(CLIENT_SOURCES) | tools
	npm ci --prefix $(CLIENT)
	npm run build --prefix $(CLIENT)
	@touch $@

tools:
	@deploy/install-tools.sh

# What the tests of the pages need.
browser:
	@deploy/install-tools.sh browser
