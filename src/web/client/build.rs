//! Builds the browser's part where nobody has: `make` does so beforehand.

use std::path::Path;
use std::process::Command;

fn main() {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/client");
    for watched in ["build.rs", "dist", "package-lock.json"] {
        println!("cargo::rerun-if-changed={}", client.join(watched).display());
    }
    if client.join("dist/style.css").exists() {
        return;
    }
    for arguments in [["ci"].as_slice(), ["run", "build"].as_slice()] {
        let done = Command::new("npm").args(arguments).current_dir(&client).status();
        if !done.is_ok_and(|status| status.success()) {
            println!(
                "cargo::error=the browser's part cannot be built without npm: install Node.js 18 or newer, or run `make`"
            );
            return;
        }
    }
}
