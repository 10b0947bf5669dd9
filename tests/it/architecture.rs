//! Who may import whom, and who alone may name a crate: the architecture as data, read off the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module and the modules it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("store", &["domain"]),
    ("llm", &["domain"]),
    ("feed", &["domain"]),
    ("queue", &["domain", "store"]),
    ("auspex", &["domain"]),
    ("workshop", &["domain", "store", "llm", "feed", "queue", "auspex"]),
    ("chat", &["domain", "workshop"]),
    ("openid", &["domain"]),
    ("web", &["domain", "workshop", "openid"]),
    ("jobs", &["domain", "workshop", "queue", "chat"]),
    ("telemetry", &[]),
    ("config", &["auspex", "workshop", "llm", "openid", "store", "telemetry", "web", "chat"]),
];

/// Crates that only some modules may name.
const ONLY: &[(&str, &[&str])] = &[
    ("sqlx", &["store"]),
    ("apalis", &["jobs"]),
    ("apalis_postgres", &["jobs", "queue"]),
    ("axum", &["web", "app"]),
    ("askama", &["web"]),
    ("rust_embed", &["web"]),
    ("ammonia", &["web"]),
    ("genai", &["llm"]),
    ("feed_rs", &["feed"]),
    ("openidconnect", &["openid"]),
    ("slack_morphism", &["chat"]),
    ("serenity", &["chat"]),
    ("hyper_rustls", &["chat"]),
    ("tokio_tungstenite", &["chat"]),
    ("candle_core", &["llm"]),
    ("candle_nn", &["llm"]),
    ("clap", &["cli"]),
    ("anyhow", &["app", "cli"]),
];

fn sources() -> Vec<(String, PathBuf, String)> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&root).unwrap();
            let first = inside.iter().next().unwrap().to_str().unwrap();
            let text = fs::read_to_string(&path).unwrap();
            (first.trim_end_matches(".rs").to_owned(), inside.to_owned(), text)
        })
        .collect()
}

/// The lines of code of a file; comments may name anything.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The modules of this crate that a line names as `crate::module`, also inside `use crate::{…}`.
fn named_modules(line: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (at, _) in line.match_indices("crate::") {
        let before = line[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &line[at + "crate::".len()..];
        let list = match rest.strip_prefix('{') {
            Some(list) => list,
            None => rest.split([';', ',', ' ', ')']).next().unwrap(),
        };
        let mut depth = 0;
        let mut word = String::new();
        let mut first = true;
        for c in list.chars().chain([',']) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth <= 0 => {
                    named.insert(std::mem::take(&mut word));
                    first = true;
                    continue;
                }
                c if depth == 0 && first && (c.is_alphanumeric() || c == '_') => {
                    word.push(c);
                    continue;
                }
                ' ' => continue,
                _ => {}
            }
            first = false;
        }
    }
    named
}

#[test]
fn modules_use_only_what_the_architecture_allows() {
    let modules: Vec<&str> = MAY_USE.iter().map(|(module, _)| *module).chain(["app", "cli"]).collect();
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else { continue };
        for line in code(&text) {
            for named in named_modules(line) {
                if modules.contains(&named.as_str()) && named != module && !allowed.contains(&named.as_str()) {
                    wrong.push(format!("{}: {}", path.display(), line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_are_named_only_where_they_belong() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        if path.ends_with("tests.rs") && module != "web" {
            continue;
        }
        for line in code(&text) {
            for (name, allowed) in ONLY {
                let uses = line
                    .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
                    .any(|word| word.starts_with(&format!("{name}::")));
                if uses && !allowed.contains(&module.as_str()) {
                    wrong.push(format!("{}: {}", path.display(), line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_is_in_the_table() {
    let known: BTreeSet<String> = MAY_USE
        .iter()
        .map(|(module, _)| (*module).to_owned())
        .chain(["app", "cli", "lib", "main"].map(str::to_owned))
        .collect();
    let found: BTreeSet<String> = sources().into_iter().map(|(module, ..)| module).collect();
    assert_eq!(found, known);
}

#[test]
fn no_file_grows_beyond_reading() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter_map(|(_, path, text)| {
            let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
            (lines > 400).then(|| format!("{}: {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn the_environment_is_read_by_settings_and_the_command_line_only() {
    let allowed = ["config", "cli", "chat", "store", "llm"];
    for (module, path, text) in sources() {
        let reads = code(&text).any(|line| line.contains("env::var"));
        assert!(!reads || allowed.contains(&module.as_str()), "{} reads the environment", path.display());
    }
}
