//! `providerctl license`: prints the licences and how many of their seats are taken.

use chrono::{DateTime, Utc};
use provider_host::model::{License, Severity};

use crate::args::LicenseArgs;
use crate::clock::now;
use crate::connection::{AuditFile, connect_once, tell_denials};
use crate::exit::{Exit, Failure};
use crate::output::cell::printable;
use crate::output::words::{day, expiry, seats};
use crate::output::{LicenseFormat, json_answer, prometheus};
use crate::output_file::OutputFile;
use crate::screen::{Colour, Narrative, Screen, Tone, notice_lines};
use crate::threshold::{Finding, Thresholds};

pub(crate) async fn run(args: &LicenseArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    if let Some(path) = &args.output.output {
        screen.divert(OutputFile::create(path).map_err(Failure::failed)?);
    }
    let mut connection = connect_once(&args.connect, screen).await?;
    let licenses = connection.session.licenses().await;
    tell_denials(&connection.session.denials(), screen);
    let licenses = licenses?;
    match args.format {
        LicenseFormat::Json => screen.data(&json_answer(&licenses)?)?,
        LicenseFormat::Prometheus => {
            let mut labels =
                vec![("provider", connection.description.id.as_str()), ("source", connection.session.source())];
            labels.extend(args.connect.tenant.as_deref().map(|tenant| ("tenant", tenant)));
            screen.data(prometheus::text(&licenses, &labels).as_bytes())?;
        }
        LicenseFormat::Table => {
            for line in lines(&licenses, now(), screen.look.colour) {
                screen.line(&line)?;
            }
        }
    }
    screen.keep_file().map_err(Failure::failed)?;
    // On a terminal the table already has them.
    if args.format != LicenseFormat::Table || screen.look.narrative == Narrative::Silent {
        let notices = licenses.iter().flat_map(|license| &license.notices);
        notices.filter(|notice| notice.severity == Severity::Warning).for_each(|notice| screen.notice(notice));
    }
    let exit = judge(args, &licenses, screen);
    connection.audit.as_ref().and_then(AuditFile::gap).map_or(Ok(exit), |gap| Err(Failure::failed(gap)))
}

/// Compares the licences with the thresholds, and prints what needs attention. A value that is at its threshold matters more than
/// one that is unknown.
fn judge(args: &LicenseArgs, licenses: &[License], screen: &mut Screen<'_>) -> Exit {
    let thresholds = Thresholds { days: args.warn_days, seats: args.warn_seats };
    let (mut exit, mut is_unknown) = (Exit::Complete, false);
    for finding in thresholds.findings(licenses, now()) {
        match finding {
            Finding::Reached(complaint) => {
                screen.warn(&complaint);
                exit = Exit::Warned;
            }
            Finding::Unknown(complaint) => {
                screen.complain(&complaint);
                is_unknown = true;
            }
        }
    }
    if is_unknown && exit == Exit::Complete { Exit::Failed } else { exit }
}

/// Each licence as a block of lines.
pub(crate) fn lines(licenses: &[License], now: DateTime<Utc>, colour: Colour) -> Vec<String> {
    if licenses.is_empty() {
        return vec!["No licence.".to_owned()];
    }
    let mut lines = Vec::new();
    for license in licenses {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let trial = if license.trial { " (trial)" } else { "" };
        lines.push(colour.paint(Tone::Title, &format!("{}{trial}", printable(&license.name))));
        let mut row = |title: &str, value: &str| lines.push(format!("  {title:<10} {}", printable(value)));
        row("edition", &license.license_type);
        row("seats", &seats(&license.seats_used, &license.seats_purchased));
        if let Some(from) = &license.starts_at {
            row("valid from", &day(from));
        }
        row("expires", &license.expires_at.as_ref().map_or("no date given".to_owned(), |end| expiry(end, now)));
        if let Some(licensee) = &license.licensee {
            row("licensee", licensee);
        }
        for notice in &license.notices {
            lines.extend(notice_lines(notice, colour).into_iter().map(|line| format!("  {line}")));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_host::model::{Notice, Quantity};

    #[test]
    fn a_licence_reads_as_a_block() {
        let now = DateTime::parse_from_rfc3339("2026-11-24T09:30:00Z").unwrap().with_timezone(&Utc);
        let license = License {
            license_type: "enterprise".into(),
            name: "Enterprise".into(),
            trial: true,
            seats_purchased: Quantity::Limited(1000),
            seats_used: Quantity::Limited(812),
            licensee: Some("Example\u{1b}[0m Ltd".into()),
            starts_at: None,
            expires_at: Some("2026-12-01T00:00:00.000Z".into()),
            attributes: Default::default(),
            notices: vec![Notice {
                code: "license-ends-soon".into(),
                severity: Severity::Warning,
                message: "It ends soon.".into(),
                fix: Some("Renew it.".into()),
                fields: Vec::new(),
                count: None,
                subjects: Vec::new(),
                params: Default::default(),
            }],
        };
        let expect = [
            "Enterprise (trial)",
            "  edition    enterprise",
            "  seats      812 of 1,000, 188 left",
            "  expires    2026-12-01, 7 days left",
            "  licensee   Example\u{fffd}[0m Ltd",
            "  warning[license-ends-soon]: It ends soon.",
            "    fix: Renew it.",
        ];
        assert_eq!(lines(&[license], now, Colour::Off), expect);
        assert_eq!(lines(&[], now, Colour::Off), ["No licence."]);
    }
}
