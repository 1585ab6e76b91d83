//! Licences as metrics, in Prometheus's text exposition format 0.0.4.
//!
//! What is unknown has no sample: a number in its place would be wrong.

use std::fmt::Write as _;

use provider_host::model::{License, Quantity};

use super::cell::printable;
use crate::clock::contract_instant;

/// A metric of a licence.
struct Metric {
    name: &'static str,
    help: &'static str,
    /// Its value, if it is known.
    value: fn(&License) -> Option<String>,
}

/// The metrics, in their order. Each is a gauge.
const METRICS: [Metric; 6] = [
    Metric {
        name: "license_info",
        help: "A licence that is in force or has expired; always 1.",
        value: |_| Some("1".into()),
    },
    Metric {
        name: "license_trial",
        help: "1 if the licence is a trial, otherwise 0.",
        value: |license| Some(u8::from(license.trial).to_string()),
    },
    Metric {
        name: "license_seats_purchased",
        help: "How many seats were bought; +Inf if they are unlimited.",
        value: |license| quantity(license.seats_purchased),
    },
    Metric {
        name: "license_seats_used",
        help: "How many seats are taken.",
        value: |license| quantity(license.seats_used),
    },
    Metric {
        name: "license_starts_timestamp_seconds",
        help: "When the licence begins, in seconds since 1970.",
        value: |license| seconds(license.starts_at.as_deref()?),
    },
    Metric {
        name: "license_expires_timestamp_seconds",
        help: "When the licence ends, in seconds since 1970; absent if it does not end or the end is hidden.",
        value: |license| seconds(license.expires_at.as_deref()?),
    },
];

/// All metrics of these licences. `labels` say whose they are and are part of each sample.
pub(crate) fn text(licenses: &[License], labels: &[(&str, &str)]) -> String {
    let mut out = String::new();
    family(&mut out, "license_count", "How many licences the server has.");
    sample(&mut out, "license_count", labels, &licenses.len().to_string());
    for Metric { name, help, value } in METRICS {
        let mut is_begun = false;
        for (number, license) in licenses.iter().enumerate() {
            let Some(value) = value(license) else { continue };
            if !is_begun {
                family(&mut out, name, help);
                is_begun = true;
            }
            let place = place(licenses, number);
            let mut own = vec![("license_type", license.license_type.as_str()), ("name", &license.name)];
            own.extend(place.as_deref().map(|place| ("number", place)));
            sample(&mut out, name, &[labels, &own].concat(), &value);
        }
    }
    out
}

/// The number of a licence among those with the same type and name, which distinguishes them.
fn place(licenses: &[License], number: usize) -> Option<String> {
    let license = licenses.get(number)?;
    let is_alike = |other: &&License| (&other.license_type, &other.name) == (&license.license_type, &license.name);
    let before = licenses.iter().take(number).filter(is_alike).count();
    (before > 0).then(|| (before + 1).to_string())
}

fn family(out: &mut String, name: &str, help: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
}

fn sample(out: &mut String, name: &str, labels: &[(&str, &str)], value: &str) {
    let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
    let _ = writeln!(out, "{name}{{{}}} {value}", labels.join(","));
}

/// The text within the quotes of a label: its line breaks are spaces, other control characters are replaced.
fn escaped(value: &str) -> String {
    printable(value).replace('\\', "\\\\").replace('"', "\\\"")
}

fn quantity(quantity: Quantity) -> Option<String> {
    match quantity {
        Quantity::Limited(seats) => Some(seats.to_string()),
        Quantity::Unlimited => Some("+Inf".to_owned()),
        Quantity::Unknown => None,
    }
}

/// An instant of the contract in seconds since 1970.
fn seconds(instant: &str) -> Option<String> {
    let at = contract_instant(instant)?;
    let (seconds, ms) = (at.timestamp(), at.timestamp_subsec_millis());
    Some(if ms == 0 { seconds.to_string() } else { format!("{seconds}.{ms:03}") })
}

#[cfg(test)]
mod tests {
    use super::super::samples::license;
    use super::*;

    #[test]
    fn each_metric_has_its_help_its_type_and_a_sample_for_each_licence() {
        let whose = [("provider", "example"), ("source", "https://chat.example.com")];
        let expect = r##"# HELP license_count How many licences the server has.
# TYPE license_count gauge
license_count{provider="example",source="https://chat.example.com"} 1
# HELP license_info A licence that is in force or has expired; always 1.
# TYPE license_info gauge
license_info{provider="example",source="https://chat.example.com",license_type="enterprise",name="Enterprise"} 1
# HELP license_trial 1 if the licence is a trial, otherwise 0.
# TYPE license_trial gauge
license_trial{provider="example",source="https://chat.example.com",license_type="enterprise",name="Enterprise"} 0
# HELP license_seats_purchased How many seats were bought; +Inf if they are unlimited.
# TYPE license_seats_purchased gauge
license_seats_purchased{provider="example",source="https://chat.example.com",license_type="enterprise",name="Enterprise"} 1000
# HELP license_seats_used How many seats are taken.
# TYPE license_seats_used gauge
license_seats_used{provider="example",source="https://chat.example.com",license_type="enterprise",name="Enterprise"} 812
# HELP license_expires_timestamp_seconds When the licence ends, in seconds since 1970; absent if it does not end or the end is hidden.
# TYPE license_expires_timestamp_seconds gauge
license_expires_timestamp_seconds{provider="example",source="https://chat.example.com",license_type="enterprise",name="Enterprise"} 1796083200
"##;
        assert_eq!(text(&[license()], &whose), expect);
    }

    #[test]
    fn what_is_unknown_has_no_sample_and_what_is_unlimited_is_infinite() {
        let lines = |license: License| text(&[license], &[]);
        let unknown = License {
            seats_purchased: Quantity::Unlimited,
            seats_used: Quantity::Unknown,
            expires_at: None,
            ..license()
        };
        let shown = lines(unknown);
        assert!(
            shown.contains("license_seats_purchased{license_type=\"enterprise\",name=\"Enterprise\"} +Inf\n"),
            "{shown}"
        );
        assert!(!shown.contains("seats_used") && !shown.contains("expires"), "{shown}");
        let odd = License {
            starts_at: Some("2026-12-01T00:00:00.250Z".into()),
            expires_at: Some("soon".into()),
            ..license()
        };
        let shown = lines(odd);
        assert!(shown.contains("} 1796083200.250\n") && !shown.contains("expires"), "{shown}");
        assert_eq!(
            text(&[], &[]),
            "# HELP license_count How many licences the server has.\n# TYPE license_count gauge\nlicense_count{} 0\n"
        );
    }

    #[test]
    fn labels_are_escaped_and_tell_licences_apart() {
        let named = |name: &str| License { name: name.into(), ..license() };
        let shown = text(&[named("a\"b\\c\nd\u{1b}[2J"), named("x"), named("x")], &[]);
        let infos: Vec<&str> = shown.lines().filter(|line| line.starts_with("license_info")).collect();
        assert_eq!(
            infos,
            [
                "license_info{license_type=\"enterprise\",name=\"a\\\"b\\\\c d\u{fffd}[2J\"} 1",
                "license_info{license_type=\"enterprise\",name=\"x\"} 1",
                "license_info{license_type=\"enterprise\",name=\"x\",number=\"2\"} 1",
            ]
        );
        assert!(shown.starts_with(
            "# HELP license_count How many licences the server has.\n# TYPE license_count gauge\nlicense_count{} 3\n"
        ));
    }
}
