//! The local model with its real file: whether it still writes sense. How it computes is tested beside the code.
//!
//! The file is the one that `WORKSHOP_LLM__LOCAL__MODEL_PATH` names, else one in the temporary directory, fetched there
//! (1.1 GB) unless `WORKSHOP_LLM__LOCAL__FETCH` is `false`.

use std::env;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use prompt_workshop::config::Config;
use prompt_workshop::llm::local::{Local, fetch};
use prompt_workshop::llm::{Message, Request, Role, Script, Sink, Step};

const THREADS: &str = "RAYON_NUM_THREADS";

/// Says something that the test harness does not swallow.
fn say(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

async fn model_file() -> Option<PathBuf> {
    let settings = Config::load().unwrap().llm;
    let directory = env::temp_dir().join("prompt-workshop-model");
    if let Some(file) = fetch::present(&settings, &directory) {
        return Some(file);
    }
    if env::var("WORKSHOP_LLM__LOCAL__FETCH").as_deref() == Ok("false") {
        say("skipped: the local model is not tested, its file is not here and is not to be fetched");
        return None;
    }
    say("The local model is fetched for its test (1.1 GB, once).");
    match fetch::fetch(&settings, &directory, false, |_| ()).await {
        Ok(file) => Some(file),
        Err(error) if settings.local.model_path.is_empty() => {
            say(&format!("skipped: the local model is not tested, {error}"));
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn the_real_model_fills_in_headings_and_answers_from_facts() {
    if env::var_os(THREADS).is_none() {
        // The number of threads can only be set from outside; more than one disturbs the other tests.
        let itself = env::current_exe().unwrap();
        let name = "local_model::the_real_model_fills_in_headings_and_answers_from_facts";
        let status = Command::new(itself).args(["--exact", name, "--nocapture"]).env(THREADS, "1").status().unwrap();
        assert!(status.success());
        return;
    }
    let Some(file) = model_file().await else { return };
    let local = tokio::task::spawn_blocking(move || Local::load(&file, 1)).await.unwrap().unwrap().seeded(1);

    let until_blank = |max_tokens| Step::Generate { stop: vec!["\n\n".to_owned(), "\n#".to_owned()], max_tokens };
    let force = |text: &str| Step::Force(text.to_owned());
    let script = Script {
        system: "You write system prompts for an assistant that answers questions about news articles.".to_owned(),
        user: "Write one for financial risk analysis, read by the board of an insurance company.".to_owned(),
        steps: vec![
            force("## Role\nYou are"),
            until_blank(24),
            force("\n\n## Guidelines\n1. "),
            until_blank(24),
            force("\n"),
        ],
        temperature: 0.3,
    };
    let (sink, mut heard) = Sink::channel();
    let texts = local.run(&script, &sink).await.unwrap();
    drop(sink);
    let mut draft = String::new();
    while let Some(text) = heard.recv().await {
        draft.push_str(&text);
    }
    let [role, guidelines] = texts.as_slice() else { panic!("a text for each gap: {texts:?}") };
    assert_eq!(draft, format!("## Role\nYou are{role}\n\n## Guidelines\n1. {guidelines}\n"));
    assert!(role.starts_with(' ') && role.split_whitespace().count() > 4, "{draft}");
    assert!(guidelines.split_whitespace().count() > 4, "{draft}");
    let on_topic = ["risk", "financ", "insur", "board"].iter().any(|word| role.to_lowercase().contains(word));
    assert!(on_topic, "{draft}");

    let facts = "1. Insurers raised war-risk premiums to 0.9% of hull value.\n2. Losses came to $240 million.";
    let request = Request {
        model: None,
        system: "Answer in one sentence, only from the facts given.".to_owned(),
        messages: vec![Message { role: Role::User, content: format!("{facts}\nHow high were the losses?") }],
        max_tokens: 32,
        temperature: 0.0,
    };
    let answer = local.stream(&request, &Sink::nowhere()).await.unwrap();
    assert!(answer.text.contains("$240 million"), "{}", answer.text);
    assert!(answer.usage.input.is_some_and(|tokens| (40..120).contains(&tokens)), "{:?}", answer.usage);
}
