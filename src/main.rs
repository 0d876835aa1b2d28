//! The program: hands over to the command line. Knows nothing else.

fn main() -> std::process::ExitCode {
    spotdrill::cli::main()
}
