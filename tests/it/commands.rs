//! The program's commands, as an operator and an analyst use them.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use secrecy::ExposeSecret;
use serde_json::Value;

use crate::support::database::Database;
use crate::support::model_server::ModelServer;

/// The program with a database of its own.
struct Program {
    database: Database,
    settings: Vec<(&'static str, String)>,
}

impl Program {
    async fn new() -> Self {
        Self { database: Database::create().await, settings: Vec::new() }
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workshop"));
        command.env_clear().env("WORKSHOP_DATABASE__URL", self.database.url().expose_secret()).args(arguments);
        command.envs(self.settings.iter().map(|(name, value)| (*name, value)));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// What a command that succeeds prints.
    #[track_caller]
    fn prints(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command that fails says.
    #[track_caller]
    fn refuses(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments, "");
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }
}

#[tokio::test]
async fn an_operator_makes_tokens_and_checks_settings() {
    let mut program = Program::new().await;
    assert_eq!(program.prints(&["migrate"], ""), "The database is up to date.\n");
    let token = program.prints(&["token", "create", "--user", "Alice", "--admin"], "");
    assert!(token.starts_with("pw_") && token.trim().len() == 67 && token.lines().count() == 1, "only the token");
    assert_eq!(program.prints(&["user", "list"], ""), "alice (administrator)\n");
    assert_eq!(program.prints(&["token", "revoke", "--user", "alice"], ""), "Revoked 1 tokens of alice.\n");

    program.settings.push(("WORKSHOP_LLM__API_KEY", "sk-secret".to_owned()));
    let shown = program.prints(&["check-config"], "");
    assert!(shown.contains("llm.api_key = ***") && shown.contains("database.url = ***"), "{shown}");
    assert!(!shown.contains("sk-secret"), "{shown}");
    program.settings.push(("WORKSHOP_HTTP__LISTN", "x".to_owned()));
    assert_eq!(program.refuses(&["check-config"]), "workshop: there is no setting http.listn (environment)\n");
    program.database.drop().await;
}

#[tokio::test]
async fn a_bad_line_is_reported_with_its_number_and_stops_nothing() {
    let program = Program::new().await;
    let good = |number: u32| {
        format!(
            r#"{{"uri":"https://news.example/{number}","title":"A title","summary":"Text.","publication_date":"2026-01-01","topic":"T"}}"#
        )
    };
    let lines = format!("\u{feff}{}\r\n\nnonsense\n{}\n{}\n{{\"uri\":\"x\"}}\n", good(1), good(2), good(1));
    let output = program.run(&["articles", "import", "-"], &lines);
    let said = String::from_utf8(output.stdout).unwrap();
    let said: Vec<&str> = said.lines().collect();
    assert_eq!(said[0], "-: inserted 2, updated 1, rejected 2");
    assert!(said[1].starts_with("line 3: ") && said[2].starts_with("line 6: "), "{said:?}");

    let folder = std::env::temp_dir().join(format!("workshop-csv-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("more.csv");
    let rows = "uri,title,summary,publication_date,topic,tags\n\
                https://news.example/3,\"Two\nlines\",Text.,2026-01-02,T,\"a, b\"\n\
                not an address,Title,Text.,2026-01-02,T,\n\
                https://news.example/4,Title,Text.,2026-01-02,Other,\n";
    std::fs::write(&file, rows).unwrap();
    let said = String::from_utf8(program.run(&["articles", "import", file.to_str().unwrap()], "").stdout).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(said.contains("inserted 2, updated 0, rejected 1\nline 4: uri: "), "{said}");
    let stats = program.prints(&["articles", "stats"], "");
    assert!(stats.contains("3  T") && stats.contains("4  in 2 topics"), "{stats}");
    program.database.drop().await;
}

// The program blocks this thread while the model server answers on another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_analyst_gets_a_tested_prompt_in_the_terminal() {
    let mut program = Program::new().await;
    let model = ModelServer::start().await;
    model.reply("```prompt\nYou are an analyst of risk for executives. Cite every claim inline as `[Title](URL)`. Name gaps and say when evidence is thin.\n```");
    model.reply("Banks face risks [Elsewhere](https://other.example/x).");
    program.settings = vec![("WORKSHOP_LLM__BASE_URL", model.url()), ("WORKSHOP_LLM__MODEL", "test-model".to_owned())];
    let said = "I need executive-level financial analysis with risk focus\ndecide for me\n/comit x\n\
                /test Which banks face which risks?\n/rate 4 good\n/commit\n/commit risk_executive Risk for executives\n\
                /ask risk_executive Which banks face which risks?\n/clone risk_executive\n/quit\n";
    let heard = program.prints(&["chat", "--user", "ann"], said);
    for part in [
        "Loaded the sample articles",
        "Did you mean commit?",
        "This is draft 1 now (revision 1)",
        "1 claim, 0 cited, 1 unknown link",
        "Rated. Mean 4.0 of 1 rating(s).",
        "Give the prompt a name: /commit executive_level_financial_analysis_risk_focus",
        "risk_executive is in the library now: version 1",
        "Hello from the fake model.\n\nrisk_executive version 1 · ",
        "copy of *Risk for executives*",
    ] {
        assert!(heard.contains(part), "{part:?} is missing in:\n{heard}");
    }
    let exported = program.prints(&["prompts", "export", "risk_executive"], "");
    let other = Program::new().await;
    assert_eq!(other.prints(&["prompts", "import", "-"], &exported), "added 1, rejected 0\n");
    let without_author = |exported: &str| {
        let mut exported: Value = serde_json::from_str(exported).unwrap();
        exported[0]["versions"][0].as_object_mut().unwrap().remove("author").unwrap();
        exported
    };
    let again = other.prints(&["prompts", "export", "risk_executive"], "");
    assert_eq!(without_author(&again), without_author(&exported), "all but the author, who is the importer");
    program.database.drop().await;
    other.database.drop().await;
}

#[tokio::test]
async fn an_operator_makes_teams_and_guests() {
    let program = Program::new().await;
    program.prints(&["migrate"], "");
    assert_eq!(program.prints(&["user", "add", "gina", "--guest"], ""), "gina (guest)\n");
    program.prints(&["user", "add", "bob"], "");
    assert_eq!(program.prints(&["team", "add", "desk"], ""), "desk: \n");
    assert_eq!(program.prints(&["team", "join", "desk", "gina"], ""), "desk: gina\n");
    assert_eq!(program.prints(&["team", "list"], ""), "desk: gina\neveryone: admin, bob\n");
    assert_eq!(program.prints(&["team", "leave", "desk", "gina"], ""), "desk: \n");
    assert!(program.refuses(&["team", "join", "desk", "nobody"]).contains("There is no such account"));
    program.database.drop().await;
}
