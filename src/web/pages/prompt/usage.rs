//! How to use a prompt: ask it here, in chat, or from a program.

use askama::Template;

use super::About;
use crate::web::Web;
use crate::web::error::Problem;
use crate::web::pages::session::BeginForm;

#[derive(Template)]
#[template(path = "prompt/usage.html", config = "src/web/askama.toml")]
pub(super) struct UseTab {
    name: String,
    begin: BeginForm,
    curl: String,
    read: String,
}

pub(super) async fn read(web: &Web, about: &About) -> Result<UseTab, Problem> {
    let begin = BeginForm::about(web, &about.prompt).await?;
    let (name, root) = (about.prompt.name.clone(), &web.workshop.settings().public_url);
    let topic = begin.topic().unwrap_or("TOPIC").replace('\'', "");
    let chat = format!(
        "curl -s {root}/api/auspex/chat/sessions \\\n  -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\\n  -d '{{\"prompt_name\": \"{name}\", \"topic\": \"{topic}\"}}'\n\ncurl -sN {root}/api/auspex/chat/message \\\n  -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\\n  -d '{{\"chat_id\": CHAT_ID, \"message\": \"What changed last week?\"}}'"
    );
    let read = format!("curl -s {root}/api/auspex/prompts/{name}?label=production -H \"Authorization: Bearer $TOKEN\"");
    Ok(UseTab { name, begin, curl: chat, read })
}
