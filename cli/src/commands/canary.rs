//! `providerctl canary`: lists the same server with two versions and prints which records differ.

use std::path::Path;

use provider_host::{CanaryReport, Provider, VersionName, canary};
use serde_json::Value;

use crate::args::CanaryArgs;
use crate::connection::{Loaded, access, read_file, sandbox};
use crate::exit::{Exit, Failure};
use crate::output::cell::printable;
use crate::output::words::count;
use crate::output::{AnswerFormat, json_answer};
use crate::screen::{Colour, Screen, Tone};

/// How many users each version reads in a step, about.
const LIMIT: u32 = 2_000;

pub(crate) async fn run(args: &CanaryArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let sandbox = sandbox(&args.cache, None)?;
    let load = |path: &Path| -> Result<Loaded, Failure> {
        Ok(Loaded { provider: sandbox.load(&read_file(path)?)?, path: path.to_owned() })
    };
    let (old, new) = (load(&args.old)?, load(&args.new)?);
    let is_verbose = args.verbose.verbose;
    let (was, is) = (old.describe(is_verbose, screen).await?, new.describe(is_verbose, screen).await?);
    let (old, new) = (old.provider, new.provider);
    // Settings are read once for both versions, since a secret may come from a pipe. The host refuses those that do not fit the
    // new version.
    let access = args.server.stalling(access(&args.server, &was, &[&is])?);
    screen.tell(&format!("{} against {}, on the same server", name(&old, &was.version), name(&new, &is.version)));
    for request in is.asks_beyond(&was) {
        screen.tell(&printable(&format!("the new version wants another request: `{request}` ({})", request.purpose)));
    }
    let report = canary(
        &mut || old.connect_described(&was, access.clone()),
        &mut || new.connect_described(&is, access.clone()),
        LIMIT,
    )
    .await?;
    match args.format {
        AnswerFormat::Json => screen.data(&json_answer(&report)?)?,
        AnswerFormat::Table => {
            for line in lines(&report, screen.look.colour) {
                screen.line(&line)?;
            }
        }
    }
    Ok(if report.is_same() { Exit::Complete } else { Exit::Failed })
}

fn name(provider: &Provider, version: &str) -> VersionName {
    VersionName { version: version.to_owned(), digest: provider.inspection().digest }
}

fn lines(report: &CanaryReport, colour: Colour) -> Vec<String> {
    let mut lines = Vec::new();
    for (field, difference) in &report.fields {
        let title = format!("{} differs in {}", printable(field), count(difference.users, "user"));
        lines.push(colour.paint(Tone::Warning, &title));
        for (id, was, is) in &difference.examples {
            lines.push(format!("  {}: {} -> {}", printable(id), shown(was), shown(is)));
        }
    }
    for (field, (was, is)) in &report.licenses {
        lines.push(format!("licence {}: {} -> {}", printable(field), shown(was), shown(is)));
    }
    for (what, ids) in [("only the old version lists", &report.missing), ("only the new version lists", &report.added)]
    {
        if !ids.is_empty() {
            let number = count(u64::try_from(ids.len()).unwrap_or(u64::MAX), "user");
            let first: Vec<_> = ids.iter().take(5).map(|id| printable(id)).collect();
            lines.push(format!("{what} {number}: {}", first.join(", ")));
        }
    }
    if report.old_complete && !report.new_complete {
        lines.push("the new version's listing is incomplete, and the old one's is complete".to_owned());
    }
    let verdict = if report.is_same() {
        colour.paint(Tone::Good, "no record differs")
    } else {
        colour.paint(Tone::Bad, "records differ")
    };
    lines.push(format!("{} compared: {verdict}", count(report.compared, "user")));
    lines
}

fn shown(value: &Value) -> String {
    printable(&value.to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_listed_by_field() {
        let mut report = CanaryReport::default();
        report.compared = 3;
        let field = report.fields.entry("position".into()).or_default();
        field.users = 2;
        field.examples =
            vec![("a".into(), "Editor".into(), "EDITOR".into()), ("b".into(), Value::Null, "\u{1b}[31m".into())];
        report.licenses.insert("free.seats_used".into(), (1.into(), 2.into()));
        report.missing = vec!["c".into()];
        let expect = [
            "position differs in 2 users",
            r#"  a: "Editor" -> "EDITOR""#,
            r#"  b: null -> "\u001b[31m""#,
            "licence free.seats_used: 1 -> 2",
            "only the old version lists 1 user: c",
            "3 users compared: records differ",
        ];
        assert_eq!(lines(&report, Colour::Off), expect);
    }
}
