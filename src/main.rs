//! The program `workshop`.

use std::process::ExitCode;

fn main() -> ExitCode {
    prompt_workshop::cli::main()
}
