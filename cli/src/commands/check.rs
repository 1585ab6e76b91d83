//! `providerctl check`: tests the settings step by step.

use provider_host::model::{CheckOutcome, CheckReport};

use crate::args::CheckArgs;
use crate::connection::{AuditFile, connect_once, tell_denials};
use crate::exit::{Exit, Failure};
use crate::output::cell::printable;
use crate::output::{AnswerFormat, json_answer};
use crate::screen::{Colour, Screen, Tone};

pub(crate) async fn run(args: &CheckArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let mut connection = connect_once(&args.connect, screen).await?;
    let report = connection.session.check().await;
    tell_denials(&connection.session.denials(), screen);
    let report = report?;
    match args.format {
        AnswerFormat::Json => screen.data(&json_answer(&report)?)?,
        AnswerFormat::Table => {
            for line in lines(&report, &connection.description.name, screen.look.colour) {
                screen.line(&line)?;
            }
        }
    }
    connection.audit.as_ref().and_then(AuditFile::gap).map_or(Ok(exit(&report)), |gap| Err(Failure::failed(gap)))
}

/// Failed if a step failed; a warning is not a failure.
pub(crate) fn exit(report: &CheckReport) -> Exit {
    let failed = report.steps.iter().any(|step| step.outcome == CheckOutcome::Failed);
    if failed { Exit::Failed } else { Exit::Complete }
}

/// One line per step, with the fix below it if it did not pass, then the product's version.
pub(crate) fn lines(report: &CheckReport, product: &str, colour: Colour) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &report.steps {
        let (mark, tone) = match step.outcome {
            CheckOutcome::Passed => ("✓", Tone::Good),
            CheckOutcome::Warning => ("!", Tone::Warning),
            CheckOutcome::Failed => ("✗", Tone::Bad),
            CheckOutcome::Skipped => ("-", Tone::Quiet),
        };
        let code = step.code.as_ref().map(|code| format!(" [{}]", printable(code))).unwrap_or_default();
        let (id, summary) = (printable(&step.id), printable(&step.summary));
        lines.push(format!("{} {id}{code}: {summary}", colour.paint(tone, mark)));
        if step.outcome != CheckOutcome::Passed {
            lines.extend(step.fix.iter().map(|fix| format!("    fix: {}", printable(fix))));
        }
    }
    if let Some(version) = &report.product_version {
        lines.push(format!("{product} {}", printable(version)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_host::model::CheckStep;

    fn step(id: &str, outcome: CheckOutcome, code: Option<&str>, fix: Option<&str>) -> CheckStep {
        CheckStep {
            id: id.into(),
            outcome,
            code: code.map(str::to_owned),
            summary: "As found.".into(),
            fix: fix.map(str::to_owned),
            params: Default::default(),
        }
    }

    fn report(steps: Vec<CheckStep>) -> CheckReport {
        CheckReport {
            steps,
            product_version: Some("11.6.0".into()),
            product_instance: None,
            attributes: Default::default(),
        }
    }

    #[test]
    fn each_step_is_a_line_with_its_fix_below() {
        let report = report(vec![
            step("server-reached", CheckOutcome::Passed, None, Some("none needed")),
            step("token-accepted", CheckOutcome::Failed, Some("token-refused"), Some("Make a new one.")),
            step("users-visible", CheckOutcome::Skipped, None, None),
        ]);
        let expect = [
            "✓ server-reached: As found.",
            "✗ token-accepted [token-refused]: As found.",
            "    fix: Make a new one.",
            "- users-visible: As found.",
            "Product 11.6.0",
        ];
        assert_eq!(lines(&report, "Product", Colour::Off), expect);
        assert_eq!(exit(&report), Exit::Failed);
    }

    #[test]
    fn a_warning_is_not_a_failure() {
        let report = report(vec![step("seats", CheckOutcome::Warning, None, None)]);
        assert_eq!(exit(&report), Exit::Complete);
    }
}
