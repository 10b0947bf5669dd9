//! Prompts as they travel: exported with their versions, and imported.

use serde::{Deserialize, Serialize};

use super::library::insert_named;
use super::{Error, Workshop};
use crate::domain::access::Visibility;
use crate::domain::library::{self, PromptName};
use crate::domain::Actor;
use crate::store;
use crate::store::library::{NewPrompt, Origin};

/// A prompt with its versions, as it is exported and imported.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Its texts, oldest first.
    pub versions: Vec<ExportedVersion>,
}

/// One version of an [`Export`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExportedVersion {
    /// The text.
    pub text: String,
    /// Why it was made.
    #[serde(default)]
    pub note: String,
}

/// What became of prompts that were imported.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// Names of those added.
    pub added: Vec<String>,
    /// Those left out, each with the reason.
    pub rejected: Vec<(String, String)>,
}

impl Workshop {
    /// The prompts that the actor may see, with all their versions; `names` picks some of them.
    pub async fn export_prompts(&self, actor: &Actor, names: &[String]) -> Result<Vec<Export>, Error> {
        let mut conn = self.store.conn().await?;
        let (prompts, _) = store::library::list(&mut conn, actor.account, &[], i64::MAX, 0).await?;
        let mut exports = Vec::new();
        for prompt in prompts {
            if !names.is_empty() && !names.contains(&prompt.name) {
                continue;
            }
            let versions = store::library::versions(&mut conn, prompt.id).await?;
            exports.push(Export {
                name: prompt.name,
                title: prompt.title,
                description: prompt.description,
                versions: versions.into_iter().map(|v| ExportedVersion { text: v.text, note: v.note }).collect(),
            });
        }
        Ok(exports)
    }

    /// Adds prompts with their versions. A name that is taken is left alone, and said so.
    pub async fn import_prompts(&self, actor: &Actor, exports: &[Export]) -> Result<Imported, Error> {
        let mut imported = Imported::default();
        for export in exports {
            match self.import_prompt(actor, export).await {
                Ok(()) => imported.added.push(export.name.clone()),
                Err(error @ (Error::Invalid(_) | Error::NameTaken { .. })) => {
                    imported.rejected.push((export.name.clone(), error.to_string()));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(imported)
    }

    async fn import_prompt(&self, actor: &Actor, export: &Export) -> Result<(), Error> {
        let name = PromptName::parse(&export.name)?;
        let title = library::parse_title(&export.title)?;
        let description = library::parse_description(&export.description)?;
        if export.versions.is_empty() {
            return Err(crate::domain::Invalid::new("versions", "is empty").into());
        }
        let mut tx = self.store.begin().await?;
        let now = self.now();
        let new = NewPrompt {
            name: name.as_str(),
            title: &title,
            description: &description,
            owner: Some(actor.account),
            visibility: Visibility::Team,
            parent: None,
            shipped: false,
        };
        let id = insert_named(&mut tx, &new, now).await?;
        for version in &export.versions {
            let text = crate::domain::draft::parse_text("text", &version.text)?;
            let note = crate::domain::text::block("note", &version.note, 0, 500)?;
            let origin = Origin { draft: None, author: Some(actor.account), note };
            store::library::insert_version(&mut tx, id, &text, &origin, now).await?;
        }
        Ok(store::commit(tx).await?)
    }
}
