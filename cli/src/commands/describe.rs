//! `providerctl describe`: prints a component's settings and requests. It sends nothing.

use provider_host::model::{Description, SettingKind, Term};
use serde::Serialize;

use crate::args::DescribeArgs;
use crate::connection::load;
use crate::exit::{Exit, Failure};
use crate::output::cell::printable;
use crate::output::{AnswerFormat, json_answer};
use crate::screen::{Colour, Screen, Tone};

/// A description and the component that it is from.
#[derive(Serialize)]
struct Described<'a> {
    #[serde(flatten)]
    description: &'a Description,
    component: Component,
}

/// Which component ran.
#[derive(Serialize)]
struct Component {
    file: String,
    sha256: String,
}

pub(crate) async fn run(args: &DescribeArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let loaded = load(&args.component)?;
    let description = loaded.describe(args.component.verbose.verbose, screen).await?;
    let inspection = loaded.provider.inspection();
    let component = Component { file: loaded.path.display().to_string(), sha256: inspection.digest.to_string() };
    match args.format {
        AnswerFormat::Json => {
            let described = Described { description: &description, component };
            screen.data(&json_answer(&described)?)?;
        }
        AnswerFormat::Table => {
            let colour = screen.look.colour;
            let mut lines = description_lines(&description, colour);
            lines.extend(["".to_owned(), colour.paint(Tone::Title, "Interfaces it imports")]);
            lines.extend(inspection.imports.iter().map(|import| format!("  {}", printable(import))));
            lines.extend(["".to_owned(), colour.paint(Tone::Title, "What ran")]);
            lines.extend([
                format!("  file    {}", printable(&component.file)),
                format!("  sha256  {}", component.sha256),
            ]);
            for line in lines {
                screen.line(&line)?;
            }
        }
    }
    Ok(Exit::Complete)
}

/// A description as lines for a person.
pub(super) fn description_lines(description: &Description, colour: Colour) -> Vec<String> {
    let mut lines = Vec::new();
    let name = format!("{} {} ({})", description.name, description.version, description.id);
    lines.push(colour.paint(Tone::Title, &printable(&name)));
    if !description.documentation_url.is_empty() {
        lines.push(printable(&description.documentation_url).into_owned());
    }
    let mut section = |title: &str, rows: Vec<(String, String)>| {
        lines.push(String::new());
        lines.push(colour.paint(Tone::Title, title));
        for (head, text) in rows {
            lines.push(format!("  {}", printable(&head)));
            if !text.is_empty() {
                lines.push(format!("      {}", printable(&text)));
            }
        }
    };
    section("Settings", description.settings.iter().map(|spec| (setting(spec), spec.help.clone())).collect());
    let requests = description.requests.iter();
    section("Requests it may make", requests.map(|spec| (spec.to_string(), spec.purpose.clone())).collect());
    section("Licence types", terms(&description.license_types));
    section("Roles, the highest first", terms(&description.roles));
    section("Codes of errors, notices and checks", terms(&description.codes));
    let attributes = description.attributes.iter();
    section("Attributes", attributes.map(|(key, help)| (key.to_owned(), help.to_owned())).collect());
    lines
}

fn setting(spec: &provider_host::model::SettingSpec) -> String {
    let kind = match &spec.kind {
        SettingKind::Choice(values) => format!("one of {}", values.join(", ")),
        SettingKind::Secret(at) => format!("secret for {at}"),
        SettingKind::Text | SettingKind::Url | SettingKind::SecretValue | SettingKind::Integer | SettingKind::Flag => {
            spec.kind.as_str().to_owned()
        }
    };
    let need = if spec.required { ", required" } else { "" };
    let default = spec.default.as_ref().map(|value| format!(", default {value}")).unwrap_or_default();
    format!("{} ({kind}{need}{default}): {}", spec.key, spec.label)
}

fn terms(terms: &[Term]) -> Vec<(String, String)> {
    terms.iter().map(|term| (format!("{}: {}", term.id, term.label), term.help.clone())).collect()
}
