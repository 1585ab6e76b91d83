//! `providerctl inspect`: prints what a component's file contains, without running it.

use provider_host::model::{Description, SettingKind};
use provider_host::{Inspection, grants_import};

use super::describe::description_lines;
use crate::args::InspectArgs;
use crate::connection::read_file;
use crate::exit::{Exit, Failure};
use crate::output::cell::printable;
use crate::output::words::number;
use crate::output::{AnswerFormat, json_answer};
use crate::screen::{Colour, Screen, Tone};

pub(crate) fn run(args: &InspectArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let inspection = Inspection::read(&read_file(&args.file)?)?;
    match args.format {
        AnswerFormat::Json => screen.data(&json_answer(&inspection)?)?,
        AnswerFormat::Table => {
            for line in lines(&inspection, screen.look.colour) {
                screen.line(&line)?;
            }
        }
    }
    Ok(Exit::Complete)
}

fn lines(inspection: &Inspection, colour: Colour) -> Vec<String> {
    let metadata = &inspection.metadata;
    let bytes = format!("{} bytes", number(u64::try_from(inspection.size).unwrap_or(u64::MAX)));
    let mut lines = vec![format!("{:<10} {}", "sha256", inspection.digest), format!("{:<10} {bytes}", "size")];
    for (name, value) in [
        ("name", &metadata.name),
        ("version", &metadata.version),
        ("licence", &metadata.licenses),
        ("source", &metadata.source),
        ("revision", &metadata.revision),
        ("authors", &metadata.authors),
    ] {
        let value = value.as_deref().map_or_else(|| "not set".into(), |value| printable(value));
        lines.push(format!("{name:<10} {value}"));
    }
    lines.push(String::new());
    lines.push(colour.paint(Tone::Title, "Imports"));
    lines.extend(inspection.imports.iter().map(|import| {
        let verdict = if grants_import(import) { "granted" } else { "refused: this host will not load it" };
        format!("  {}  ({verdict})", printable(import))
    }));
    lines.push(String::new());
    lines.push(colour.paint(Tone::Title, "Exports"));
    lines.extend(inspection.exports.iter().map(|export| format!("  {}", printable(export))));
    lines.push(String::new());
    match &inspection.description {
        Some(description) => {
            lines.push(colour.paint(Tone::Title, "What it would be granted"));
            lines.extend(granted(description));
            lines.push(String::new());
            lines.extend(description_lines(description, colour));
        }
        None => lines.push(
            "The file contains no description (`providerctl seal` writes one); `providerctl describe` runs the component without a network and prints its own."
                .to_owned(),
        ),
    }
    lines
}

/// The requests that would be granted, and how each secret would be passed.
fn granted(description: &Description) -> Vec<String> {
    let requests = description.requests.iter();
    let mut lines: Vec<String> = requests.map(|request| printable(&format!("  {request}")).into_owned()).collect();
    for spec in &description.settings {
        let what = match &spec.kind {
            SettingKind::SecretValue => "its value, with --grant-value".to_owned(),
            SettingKind::Secret(at) => format!("a placeholder; the host puts the value into requests to {at}"),
            SettingKind::Text
            | SettingKind::Url
            | SettingKind::Integer
            | SettingKind::Flag
            | SettingKind::Choice(_) => continue,
        };
        lines.push(printable(&format!("  {}: {what}", spec.key)).into_owned());
    }
    lines
}
