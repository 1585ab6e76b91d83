//! How the command was called.

/// The command as it was typed, for commands that are suggested to a person.
pub(super) fn invocation() -> String {
    std::env::args().next().unwrap_or_else(|| "providerctl".to_owned())
}
