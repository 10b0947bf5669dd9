//! Export and import of prompts.

use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::VersionNumber;
use crate::domain::prompt_file::PromptFile;
use crate::web::Web;
use crate::web::auth::Signed;
use crate::web::body::{Path, Query, Sent};
use crate::web::error::{Missing, Problem, Refusals, Unreadable};
use crate::workshop::exchange::{Export, Exports, Format};

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(export)).routes(routes!(import))
}

/// What to export, and how.
#[derive(Debug, Deserialize, IntoParams)]
struct ExportFilter {
    /// `json` when left out.
    format: Option<Format>,
    /// One version only; all of them when left out, and the newest in a `.prompt` file.
    version: Option<i32>,
}

/// Exports a prompt: as JSON with its versions and labels, or one version as a `.prompt` file.
#[utoipa::path(get, path = "/prompts/{name}/export", tag = "library", params(("name" = String, Path), ExportFilter),
    responses((status = 200, content((Export = "application/json"), (String = "text/x-prompt")),
            headers(("Content-Disposition" = String))),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "The query does not fit."),
        Missing, Refusals))]
async fn export(
    State(web): State<Web>,
    Signed(actor): Signed,
    Path(name): Path<String>,
    Query(filter): Query<ExportFilter>,
) -> Result<Response, Problem> {
    let version = filter.version.map(VersionNumber);
    let format = filter.format.unwrap_or(Format::Json);
    // The name in the library is that of the file: letters, digits and underscores.
    let named = |name: &str| -> (HeaderName, String) {
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.{format}\""))
    };
    match format {
        Format::Json => {
            let export = web.workshop.export_prompt(&actor, &name, version).await?;
            Ok(([named(&export.name)], axum::Json(export)).into_response())
        }
        Format::Prompt => {
            let file = web.workshop.prompt_file(&actor, &name, version).await?;
            let kind = (header::CONTENT_TYPE, "text/x-prompt; charset=utf-8".to_owned());
            Ok(([named(&file.name), kind], file.write()).into_response())
        }
    }
}

/// What became of an import.
#[derive(Debug, Serialize, ToSchema)]
struct ImportedBody {
    /// Names of the prompts that were added.
    added: Vec<String>,
    /// Those that were left out.
    rejected: Vec<RejectedBody>,
}

/// A prompt that was left out.
#[derive(Debug, Serialize, ToSchema)]
struct RejectedBody {
    /// Its name.
    name: String,
    /// Why, for people.
    reason: String,
}

/// Imports prompts that were exported, one or a list of them as JSON, or a `.prompt` file. A name that is taken is left alone.
#[utoipa::path(post, path = "/prompts/import", tag = "library",
    request_body(content((Exports = "application/json"), (String = "text/x-prompt"))),
    responses((status = 200, body = ImportedBody), Refusals, Unreadable))]
async fn import(
    State(web): State<Web>,
    Signed(actor): Signed,
    sent: Sent<Exports>,
) -> Result<axum::Json<ImportedBody>, Problem> {
    let exports: Vec<Export> = match sent {
        Sent::Json(exports) => exports.into(),
        Sent::PromptFile(file) => vec![PromptFile::read(&file)?.into()],
    };
    let imported = web.workshop.import_prompts(&actor, &exports).await?;
    let rejected = imported.rejected.into_iter().map(|(name, reason)| RejectedBody { name, reason }).collect();
    Ok(axum::Json(ImportedBody { added: imported.added, rejected }))
}
