//! A real Chromium without a window, driven as a person would use it; gone with all its files when the test ends.
//!
//! Whatever is looked for is waited for; what does not come fails the test with what the page shows instead.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::http::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use thirtyfour::common::command::FormatRequestData;
use thirtyfour::{By, Capabilities, Cookie, Key, RequestData, SessionId, WebDriver, WebElement};

use super::desk::Desk;

/// How long a page may take to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The scanner for what keeps people from using a page; a dependency of the client's development.
const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/client/node_modules/axe-core/axe.min.js");

/// What one wants of a browser.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    width: u32,
    height: u32,
    dark: bool,
    still: bool,
    scripts: bool,
}

impl Look {
    /// A window on a desk.
    pub const DESKTOP: Self = Self { width: 1280, height: 800, dark: false, still: false, scripts: true };
    /// A phone, upright.
    pub const PHONE: Self = Self { width: 390, height: 844, ..Self::DESKTOP };

    /// For people who like it dark.
    pub fn dark(self) -> Self {
        Self { dark: true, ..self }
    }

    /// For people who do not want things to move.
    pub fn still(self) -> Self {
        Self { still: true, ..self }
    }

    /// With JavaScript off.
    pub fn without_scripts(self) -> Self {
        Self { scripts: false, ..self }
    }

    /// What Chromium is started with: nothing is loaded from elsewhere, and nothing kept.
    fn capabilities(self, folder: &Path) -> Capabilities {
        let profile = format!("--user-data-dir={}", folder.join("profile").display());
        let size = format!("--window-size={},{}", self.width, self.height);
        let mut arguments = vec![profile.as_str(), size.as_str()];
        arguments.extend([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--disable-extensions",
            "--disable-sync",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--no-default-browser-check",
            "--no-first-run",
            "--no-proxy-server",
            "--password-store=basic",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ]);
        let scripts = if self.scripts { 1 } else { 2 };
        let preferences = json!({ "profile.managed_default_content_settings.javascript": scripts });
        let options = json!({ "binary": program("chromium"), "args": arguments, "prefs": preferences });
        let mut capabilities = Capabilities::new();
        capabilities.set("browserName", "chrome").unwrap();
        capabilities.set("goog:chromeOptions", options).unwrap();
        capabilities.set("goog:loggingPrefs", json!({ "browser": "ALL" })).unwrap();
        capabilities
    }
}

/// A browser of one person.
pub struct Browser {
    driver: WebDriver,
    base: String,
    process: Chromedriver,
}

impl Browser {
    /// A browser on a desk, at a service.
    pub async fn start(desk: &Desk) -> Self {
        Self::with(desk, Look::DESKTOP).await
    }

    /// A browser with a look of one's own, at a service.
    pub async fn with(desk: &Desk, look: Look) -> Self {
        Self::at(desk.base(), look).await
    }

    /// A browser at a service that runs elsewhere.
    pub async fn at(base: &str, look: Look) -> Self {
        prompt_workshop::llm::remote::install_tls();
        let process = tokio::task::spawn_blocking(Chromedriver::start).await.unwrap();
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(120)).build().unwrap();
        let url = format!("http://127.0.0.1:{}", process.port);
        let driver = WebDriver::builder(url, look.capabilities(&process.folder)).client(client).connect().await;
        let driver = driver.unwrap_or_else(|error| panic!("Chromium did not start: {error}"));
        let browser = Self { driver, base: base.to_owned(), process };
        browser.resize(look.width, look.height).await;
        browser.prefer(look.dark, look.still).await;
        browser
    }

    /// Ends the browser; one that is dropped ends, too, and holds up the test meanwhile.
    pub async fn close(self) {
        tokio::task::spawn_blocking(move || drop(self)).await.unwrap();
    }

    /// Has Chromium itself do something.
    async fn devtools(&self, command: &'static str, parameters: Value) {
        self.driver.cmd(Devtools { command, parameters }).await.unwrap();
    }

    /// Gives the page another size; smaller than a window without a screen can be.
    pub async fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Whether the person likes it dark, and without movement.
    pub async fn prefer(&self, dark: bool, still: bool) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } },
            { "name": "prefers-reduced-motion", "value": if still { "reduce" } else { "no-preference" } },
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Opens a page of the service, or another by its whole address.
    pub async fn open(&self, path: &str) {
        let url = if path.starts_with('/') { format!("{}{path}", self.base) } else { path.to_owned() };
        self.driver.goto(&url).await.unwrap_or_else(|error| panic!("{url} does not open: {error}"));
    }

    /// Loads the page anew.
    pub async fn reload(&self) {
        self.driver.refresh().await.unwrap();
    }

    /// Signs a person in by a one-time link; the account is made if there is none.
    pub async fn sign_in(&self, desk: &Desk, name: &str) {
        self.sign_in_with(desk.login_code(name).await.expose_secret()).await;
    }

    /// Signs in by the code of a one-time link.
    pub async fn sign_in_with(&self, code: &str) {
        self.open(&format!("/sign-in/{code}")).await;
        self.click("button", "Sign in").await;
        self.wait(Location::caller(), "being signed in", async || {
            self.path().await.is_some_and(|path| !path.starts_with("/sign-in"))
        })
        .await;
    }

    /// The path of the page, with its query and fragment, unless it is another site's.
    pub async fn path(&self) -> Option<String> {
        let url = self.driver.current_url().await.ok()?;
        url.as_str().strip_prefix(&self.base).map(str::to_owned)
    }

    /// Waits until the page is the one at a path.
    #[track_caller]
    pub fn arrives(&self, path: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            self.wait(caller, &format!("the page {path}"), async || self.path().await.as_deref() == Some(path)).await;
        }
    }

    /// Waits for an element that one can see.
    #[track_caller]
    pub fn see(&self, css: &str) -> impl Future<Output = WebElement> {
        let caller = Location::caller();
        async move { self.find(caller, css, async || self.first_visible(css).await).await }
    }

    /// Waits until no element can be seen.
    #[track_caller]
    pub fn gone(&self, css: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let what = format!("the end of {css}");
            self.wait(caller, &what, async || self.first_visible(css).await.is_none()).await;
        }
    }

    /// Waits until an element shows a text.
    #[track_caller]
    pub fn see_in(&self, css: &str, text: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let what = format!("{text:?} in {css}");
            self.wait(caller, &what, async || self.texts(css).await.iter().any(|shown| shown.contains(text))).await;
        }
    }

    /// Waits until the page shows a text.
    #[track_caller]
    pub fn see_text(&self, text: &str) -> impl Future<Output = ()> {
        self.see_in("body", text)
    }

    /// Waits until the page no longer shows a text.
    #[track_caller]
    pub fn text_gone(&self, text: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let what = format!("the end of {text:?}");
            let gone = async || {
                let texts = self.texts("body").await;
                !texts.is_empty() && texts.iter().all(|shown| !shown.contains(text))
            };
            self.wait(caller, &what, gone).await;
        }
    }

    /// Waits for an element as a screen reader names it: its role and its label.
    #[track_caller]
    pub fn named(&self, role: &str, label: &str) -> impl Future<Output = WebElement> {
        let caller = Location::caller();
        async move { self.find(caller, &format!("the {role} {label:?}"), async || self.by_role(role, label).await).await }
    }

    /// Clicks an element, by its role and label, as soon as it can be clicked.
    #[track_caller]
    pub fn click(&self, role: &str, label: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let clicked = async || match self.by_role(role, label).await {
                Some(element) => element.click().await.is_ok(),
                None => false,
            };
            self.wait(caller, &format!("the {role} {label:?} to click"), clicked).await;
        }
    }

    /// Clicks what a selector finds, as soon as it can be clicked.
    #[track_caller]
    pub fn click_on(&self, css: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let clicked = async || match self.first_visible(css).await {
                Some(element) => element.click().await.is_ok(),
                None => false,
            };
            self.wait(caller, &format!("{css} to click"), clicked).await;
        }
    }

    /// Writes a text into a field, by its label, in place of what it holds.
    #[track_caller]
    pub fn fill(&self, label: &str, text: &str) -> impl Future<Output = ()> {
        let field = self.named("textbox", label);
        async move {
            let field = field.await;
            field.clear().await.unwrap();
            field.send_keys(text).await.unwrap();
        }
    }

    /// Writes where the cursor is.
    pub async fn write(&self, text: &str) {
        self.driver.action_chain().send_keys(text).perform().await.unwrap();
    }

    /// Presses a key.
    pub async fn press(&self, key: Key) {
        self.driver.action_chain().send_keys(key).perform().await.unwrap();
    }

    /// Presses a key while another is held.
    pub async fn press_with(&self, held: Key, key: char) {
        self.driver
            .action_chain()
            .key_down(held.clone())
            .key_down(key)
            .key_up(key)
            .key_up(held)
            .perform()
            .await
            .unwrap();
    }

    /// What a screen reader calls the element that has the keyboard.
    pub async fn focus(&self) -> String {
        match self.driver.active_element().await {
            Ok(element) => self.label(&element).await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Goes on with the tab key until an element has the keyboard, as people without a mouse do.
    #[track_caller]
    pub fn tab_to(&self, label: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let mut passed = Vec::new();
            for _ in 0..150 {
                self.press(Key::Tab).await;
                let here = self.focus().await;
                if here == label {
                    return;
                }
                passed.push(here);
            }
            panic!("{caller}: the tab key never comes to {label:?}, only to {passed:?}");
        }
    }

    /// The picture of what is in the window, as a file.
    pub async fn screenshot(&self, path: impl AsRef<Path>) {
        self.driver.screenshot(path.as_ref()).await.unwrap();
    }

    /// The picture of the whole page, as a file.
    pub async fn whole_page(&self, path: impl AsRef<Path>) {
        let size =
            self.script("return [document.documentElement.clientWidth, document.documentElement.scrollHeight]").await;
        let before = self.script("return window.innerHeight").await;
        let number = |value: &Value| u32::try_from(value.as_i64().unwrap()).unwrap();
        self.resize(number(&size[0]), number(&size[1])).await;
        self.screenshot(path).await;
        self.resize(number(&size[0]), number(&before)).await;
    }

    /// What a script returns that runs in the page; a promise is waited for.
    pub async fn script(&self, script: &str) -> Value {
        self.script_with(script, json!([])).await
    }

    /// What a script returns that is given arguments.
    pub async fn script_with(&self, script: &str, arguments: Value) -> Value {
        let Value::Array(arguments) = arguments else { panic!("{arguments} is no list of arguments") };
        let result = self.driver.execute(script, arguments).await;
        result.unwrap_or_else(|error| panic!("{script}: {error}")).json().clone()
    }

    /// Whether the page is wider than the window.
    pub async fn is_too_wide(&self) -> bool {
        let root = self.script("const r = document.documentElement; return r.scrollWidth > r.clientWidth").await;
        root == Value::Bool(true)
    }

    /// What keeps people from using the page: each rule of WCAG 2.2 A and AA or of good practice that it breaks, and where.
    pub async fn violations(&self) -> Vec<String> {
        let axe = std::fs::read_to_string(AXE)
            .unwrap_or_else(|error| panic!("no axe-core at {AXE} ({error}): run make client"));
        self.script(&axe).await;
        let found = self
            .script(
                "const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
                 return axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] })
                   .then((results) => results.violations.map((rule) => rule.id + ' (' + rule.impact + '): ' + rule.help
                     + rule.nodes.map((node) => '\\n  ' + node.target.join(' ') + ': ' + node.html.slice(0, 200)
                       + '\\n    ' + node.failureSummary.replaceAll('\\n', '\\n    ')).join('')));",
            )
            .await;
        let Value::Array(found) = found else { panic!("axe answers {found}") };
        found.iter().map(|rule| rule.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Fails when something keeps people from using the page, or when it is wider than the window.
    #[track_caller]
    pub fn is_accessible(&self) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let violations = self.violations().await;
            let path = self.path().await.unwrap_or_default();
            assert!(violations.is_empty(), "{caller}: {path} breaks rules:\n{}", violations.join("\n"));
            assert!(!self.is_too_wide().await, "{caller}: {path} is wider than the window");
        }
    }

    /// The errors in the console since one last looked: of scripts, of the network, of the Content-Security-Policy.
    pub async fn complaints(&self) -> Vec<String> {
        let mut log = self.driver.browser_log().await.unwrap();
        // What is no page, as a list in JSON, cannot say that there is no such icon.
        log.retain(|entry| !entry.message.contains("/favicon.ico "));
        let severe =
            log.into_iter().filter(|entry| entry.level == "SEVERE" || entry.message.contains("Content Security"));
        severe.map(|entry| entry.message).collect()
    }

    /// Fails when the console has an error.
    #[track_caller]
    pub fn has_no_complaints(&self) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let complaints = self.complaints().await;
            assert!(complaints.is_empty(), "{caller}: the console says:\n{}", complaints.join("\n"));
        }
    }

    /// A cookie that the browser keeps for the service.
    pub async fn cookie(&self, name: &str) -> Option<Cookie> {
        self.driver.get_named_cookie(name).await.ok()
    }

    /// The texts that the elements of a selector show.
    pub async fn texts(&self, css: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.driver.find_all(By::Css(css)).await.unwrap_or_default() {
            texts.extend(element.text().await.ok());
        }
        texts
    }

    async fn first_visible(&self, css: &str) -> Option<WebElement> {
        for element in self.driver.find_all(By::Css(css)).await.ok()? {
            if element.is_displayed().await.unwrap_or_default() {
                return Some(element);
            }
        }
        None
    }

    async fn by_role(&self, role: &str, label: &str) -> Option<WebElement> {
        let css = match role {
            "button" => "button, summary, input[type=submit], [role=button]",
            "link" => "a[href], [role=link]",
            "textbox" => {
                "textarea, input:not([type]), input[type=text], input[type=search], input[type=url], input[type=number], \
                 [role=textbox], [contenteditable=true]"
            }
            "heading" => "h1, h2, h3, h4, h5, h6, [role=heading]",
            "checkbox" => "input[type=checkbox], [role=checkbox]",
            "radio" => "input[type=radio], [role=radio]",
            "combobox" => "select, [role=combobox]",
            "dialog" => "dialog, [role=dialog]",
            other => &format!("[role={other}]"),
        };
        for element in self.driver.find_all(By::Css(css)).await.ok()? {
            if self.label(&element).await.as_deref() == Some(label) && element.is_displayed().await.unwrap_or_default()
            {
                return Some(element);
            }
        }
        None
    }

    async fn label(&self, element: &WebElement) -> Option<String> {
        let computed = self.driver.cmd(ComputedLabel(element.element_id().to_string())).await.ok()?;
        Some(computed.value::<String>().ok()?.trim().to_owned())
    }

    async fn wait(&self, caller: &Location<'_>, what: &str, is_so: impl AsyncFn() -> bool) {
        self.find(caller, what, async || is_so().await.then_some(())).await;
    }

    async fn find<T>(&self, caller: &Location<'_>, what: &str, find: impl AsyncFn() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = find().await {
                return found;
            }
            if Instant::now() > deadline {
                panic!("{caller}: waited {PATIENCE:?} for {what}\n{}", self.everything().await);
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// What there is to know about the page.
    async fn everything(&self) -> String {
        let url = self.driver.current_url().await.map(|url| url.to_string()).unwrap_or_default();
        let title = self.driver.title().await.unwrap_or_default();
        let text: String = self.texts("body").await.concat().chars().take(4_000).collect();
        let complaints = self.driver.browser_log().await.unwrap_or_default();
        let complaints: Vec<String> = complaints.into_iter().map(|entry| entry.message).collect();
        format!("--- {url} ({title}) shows\n{text}\n--- its console says\n{}", complaints.join("\n"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ended here and not by the session's own end: elements that a test still holds keep that alive.
        let session = self.driver.session_id().to_string();
        drop(self.driver.clone().leak());
        self.process.end_session(&session);
    }
}

/// A request that only Chromium understands.
#[derive(Debug)]
struct Devtools {
    command: &'static str,
    parameters: Value,
}

impl FormatRequestData for Devtools {
    fn format_request(&self, session: &SessionId) -> RequestData {
        let body = json!({ "cmd": self.command, "params": self.parameters });
        RequestData::new(Method::POST, format!("/session/{session}/goog/cdp/execute")).add_body(body)
    }
}

/// Asks what a screen reader calls an element.
#[derive(Debug)]
struct ComputedLabel(String);

impl FormatRequestData for ComputedLabel {
    fn format_request(&self, session: &SessionId) -> RequestData {
        RequestData::new(Method::GET, format!("/session/{session}/element/{}/computedlabel", self.0))
    }
}

/// The program that drives a browser, on a port and with a folder of its own.
struct Chromedriver {
    child: Child,
    /// Kept open: the program ends when it cannot write.
    _output: BufReader<ChildStdout>,
    port: u16,
    folder: PathBuf,
}

impl Chromedriver {
    fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let program = program("chromedriver");
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("workshop-browser-{}-{number}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        // It takes a free port of IPv4 and wants the same of IPv6; where that is taken, it ends, and another will do.
        let started = (0..10).find_map(|_| Self::listening(&program, &folder));
        let (child, output, port) = started.expect("chromedriver ends before it is ready");
        Self { child, _output: output, port, folder }
    }

    /// The program once it listens, what it prints, and its port; `None` when it ended before.
    #[expect(clippy::zombie_processes, reason = "one that listens is waited for when it is dropped")]
    fn listening(program: &Path, folder: &Path) -> Option<(Child, BufReader<ChildStdout>, u16)> {
        let mut command = Command::new(program);
        command
            .args(["--port=0", "--log-level=SEVERE"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        for name in ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"] {
            command.env(name, folder);
        }
        let mut child = command.process_group(0).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        loop {
            line.clear();
            if output.read_line(&mut line).unwrap() == 0 {
                child.wait().unwrap();
                return None;
            }
            if let Some((_, port)) = line.trim().trim_end_matches('.').rsplit_once("successfully on port ") {
                return Some((child, output, port.parse().unwrap()));
            }
        }
    }

    /// Ends a browser, and waits for it.
    fn end_session(&self, session: &str) {
        let request = format!("DELETE /session/{session} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        let ended = TcpStream::connect(("127.0.0.1", self.port)).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(20)))?;
            stream.write_all(request.as_bytes())?;
            stream.read(&mut [0; 512])
        });
        if let Err(error) = ended {
            eprintln!("Chromium did not end: {error}");
        }
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Chromium's last processes may write for a moment after it has ended.
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.folder.exists() && std::fs::remove_dir_all(&self.folder).is_err() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Where a program is that the tests need.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "There is no {name} on the PATH, and the pages are tested in a real browser: `make test` installs it, or \
                install Debian's packages chromium and chromium-driver."
        )
    })
}
