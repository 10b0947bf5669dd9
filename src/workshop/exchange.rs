//! Prompts as they travel: exported with their versions and labels, and imported.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::library::{insert_named, within_reach};
use super::{Error, Workshop};
use crate::choice;
use crate::domain::access::Visibility;
use crate::domain::library::{self, Filter, Label, Prompt, PromptName};
use crate::domain::prompt_file::PromptFile;
use crate::domain::{Access, Actor, Instant, Invalid, PromptId, VersionNumber, draft, text};
use crate::store;
use crate::store::Conn;
use crate::store::library::{About, NewPrompt};
use crate::store::version::{Full, Origin};

/// The shape of an [`Export`] that is written now. What older shapes lack has a default.
const SCHEMA: u32 = 2;

/// The most versions of one prompt that an import takes.
const MOST_VERSIONS: usize = 1_000;

choice! {
    /// How a prompt is written down.
    pub enum Format {
        /// With all its versions and labels.
        Json = "json",
        /// One version with a front matter, to keep beside code.
        Prompt = "prompt",
    }
}

/// A prompt with its versions, as it is exported and imported.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Export {
    /// The shape of the rest: 2 today. Files without it are of the first shape.
    #[serde(default = "first_schema")]
    pub schema: u32,
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Words that it is found by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Who sees it; `team` when left out.
    pub visibility: Option<Visibility>,
    /// Its labels, each with the number of its version.
    #[serde(default)]
    pub labels: BTreeMap<String, i32>,
    /// Its texts, oldest first.
    pub versions: Vec<ExportedVersion>,
}

fn first_schema() -> u32 {
    1
}

/// One version of an [`Export`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExportedVersion {
    /// Its number, for the labels. An import numbers versions anew, from 1.
    pub version: Option<i32>,
    /// The text.
    pub text: String,
    /// Why it was made.
    #[serde(default)]
    pub note: String,
    /// Who published it. An import is its importer's work, whatever this says.
    pub author: Option<String>,
    /// When.
    pub created_at: Option<DateTime<Utc>>,
}

/// One or several exports, as a file holds them.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Exports {
    /// Several.
    Many(Vec<Export>),
    /// One.
    One(Box<Export>),
}

impl From<Exports> for Vec<Export> {
    fn from(exports: Exports) -> Self {
        match exports {
            Exports::Many(exports) => exports,
            Exports::One(export) => vec![*export],
        }
    }
}

impl From<PromptFile> for Export {
    fn from(file: PromptFile) -> Self {
        let PromptFile { name, title, description, tags, version, note, text } = file;
        let version = ExportedVersion { version, text, note, ..ExportedVersion::default() };
        Self { tags, ..Self::of_one(name, title, description, version) }
    }
}

impl Export {
    /// A prompt of one version, without tags and labels.
    pub fn of_one(name: String, title: String, description: String, version: ExportedVersion) -> Self {
        let (tags, labels, visibility) = (Vec::new(), BTreeMap::new(), None);
        Self { schema: SCHEMA, name, title, description, tags, visibility, labels, versions: vec![version] }
    }
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
    /// The prompts that the actor may see, with all their versions; `names` picks some of them, and each must be there.
    pub async fn export_prompts(&self, actor: &Actor, names: &[String]) -> Result<Vec<Export>, Error> {
        let mut conn = self.store.conn().await?;
        let (prompts, _) = store::library::list(&mut conn, actor.account, &Filter::default(), i64::MAX, 0).await?;
        if let Some(unknown) = names.iter().find(|name| prompts.iter().all(|prompt| prompt.name != **name)) {
            let shown = text::excerpt(unknown, 60);
            return Err(Invalid::new("names", format!("has {shown:?}, and there is no such prompt")).into());
        }
        let mut exports = Vec::new();
        for prompt in prompts {
            if names.is_empty() || names.contains(&prompt.name) {
                exports.push(export(&mut conn, prompt).await?);
            }
        }
        Ok(exports)
    }

    /// A prompt with its versions and labels; with one version only where it is named.
    pub async fn export_prompt(
        &self,
        actor: &Actor,
        name: &str,
        version: Option<VersionNumber>,
    ) -> Result<Export, Error> {
        let mut conn = self.store.conn().await?;
        let prompt = self.prompt_for(&mut conn, actor, name, Access::Viewer).await?;
        let newest = prompt.version;
        let mut export = export(&mut conn, prompt).await?;
        if let Some(VersionNumber(version)) = version {
            export.versions.retain(|one| one.version == Some(version));
            export.labels.retain(|_, labelled| *labelled == version);
            if export.versions.is_empty() {
                let reason = format!("is unknown; the newest of {} is {newest}", export.name);
                return Err(Invalid::new("version", reason).into());
            }
        }
        Ok(export)
    }

    /// One version of a prompt as a `.prompt` file; the newest when none is named.
    pub async fn prompt_file(
        &self,
        actor: &Actor,
        name: &str,
        version: Option<VersionNumber>,
    ) -> Result<PromptFile, Error> {
        let mut export = self.export_prompt(actor, name, version).await?;
        let version = export.versions.pop().unwrap_or_default();
        let Export { name, title, description, tags, .. } = export;
        let ExportedVersion { version, text, note, .. } = version;
        Ok(PromptFile { name, title, description, tags, version, note, text })
    }

    /// Adds prompts with their versions. A name that is taken is left alone, and said so.
    pub async fn import_prompts(&self, actor: &Actor, exports: &[Export]) -> Result<Imported, Error> {
        let mut imported = Imported::default();
        for export in exports {
            match self.import_prompt(actor, export).await {
                Ok(()) => imported.added.push(export.name.clone()),
                Err(error @ (Error::Invalid(_) | Error::NameTaken { .. })) => {
                    imported.rejected.push((text::excerpt(&export.name, 60), error.to_string()));
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
        if export.schema > SCHEMA {
            let reason = format!("is {}, and this service knows up to {SCHEMA}: it is older", export.schema);
            return Err(Invalid::new("schema", reason).into());
        }
        if export.versions.is_empty() || export.versions.len() > MOST_VERSIONS {
            return Err(Invalid::new("versions", format!("must have 1 to {MOST_VERSIONS} entries")).into());
        }
        let tags = library::parse_tags(&export.tags)?;
        let mut tx = self.store.begin().await?;
        let now = self.now();
        let when = |version: &ExportedVersion| version.created_at.map_or(now, |created| created.min(now));
        let new = NewPrompt {
            name: name.as_str(),
            title: &title,
            description: &description,
            owner: Some(actor.account),
            visibility: within_reach(&mut tx, actor.account, export.visibility.unwrap_or(Visibility::Team)).await?,
            parent: None,
            shipped: false,
        };
        let id = insert_named(&mut tx, &new, export.versions.first().map_or(now, when)).await?;
        let mut numbers = BTreeMap::new();
        for (version, place) in export.versions.iter().zip(1..) {
            let text = draft::parse_text("text", &version.text)?;
            if text.trim().is_empty() {
                return Err(Invalid::new("text", format!("of version {place} is empty")).into());
            }
            let note = text::block("note", &version.note, 0, 500)?;
            let origin = Origin { draft: None, author: Some(actor.account), note };
            let number = store::version::insert(&mut tx, id, &text, &origin, when(version)).await?;
            numbers.insert(version.version.unwrap_or(place), number);
        }
        store::library::update(&mut tx, id, &About { title: &title, description: &description, tags: &tags }, now)
            .await?;
        import_labels(&mut tx, id, &export.labels, &numbers, now).await?;
        Ok(store::commit(tx).await?)
    }
}

async fn export(conn: &mut Conn, prompt: Prompt) -> Result<Export, Error> {
    let versions = store::version::texts(conn, prompt.id).await?;
    Ok(Export {
        schema: SCHEMA,
        name: prompt.name,
        title: prompt.title,
        description: prompt.description,
        tags: prompt.tags,
        visibility: Some(prompt.visibility),
        labels: prompt.labels.into_iter().map(|(label, version)| (label, version.0)).collect(),
        versions: versions.into_iter().map(exported).collect(),
    })
}

fn exported(version: Full) -> ExportedVersion {
    let Full { number, text, note, author, created_at } = version;
    ExportedVersion { version: Some(number.0), text, note, author, created_at: Some(created_at) }
}

/// Puts labels back; `numbers` has the new number of each version by its number in the export.
async fn import_labels(
    conn: &mut Conn,
    prompt: PromptId,
    labels: &BTreeMap<String, i32>,
    numbers: &BTreeMap<i32, VersionNumber>,
    now: Instant,
) -> Result<(), Error> {
    for (label, version) in labels {
        let wrong =
            |why: Invalid| Invalid::new("labels", format!("has {:?}, which {}", text::excerpt(label, 60), why.reason));
        let parsed = Label::parse(label).map_err(wrong)?;
        let Some(number) = numbers.get(version) else {
            let reason = format!("has {label} at version {version}, and there is no such version");
            return Err(Invalid::new("labels", reason).into());
        };
        store::version::set_label(conn, prompt, &parsed, *number, now).await?;
    }
    Ok(())
}
