//! The text form of a simulated fault: `status=503,on=/users,after=3,times=1`.

use std::str::FromStr;
use std::time::Duration;

use mattermost_simulator::{Fault, FaultKind, Matcher};

/// A fault as `--fault` takes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FaultArgument(pub(crate) Fault);

impl FromStr for FaultArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A body is JSON and may contain commas, so it is the last part and takes the rest.
        let (options, body) = match text.split_once("body=") {
            Some((options, body)) => (options.trim_end_matches(','), Some(body)),
            None => (text, None),
        };
        let mut what = body.map(|body| FaultKind::Body(body.to_owned()));
        let (mut on, mut after, mut times) = (String::new(), 0, None);
        for part in options.split(',').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name {
                "on" => value.clone_into(&mut on),
                "after" => after = number(name, value)?,
                "times" => times = Some(number(name, value)?),
                _ => {
                    if what.replace(kind(name, value)?).is_some() {
                        return Err("one fault has one kind".to_owned());
                    }
                }
            }
        }
        let what = what.ok_or("it has no kind, such as status=503")?;
        Ok(Self(Fault { on: Matcher::from(on.as_str()), after, times, what }))
    }
}

fn kind(name: &str, value: &str) -> Result<FaultKind, String> {
    let bare = |kind| if value.is_empty() { Ok(kind) } else { Err(format!("{name} takes no value")) };
    match name {
        "status" => match number(name, value)? {
            code @ 100..=599 => Ok(FaultKind::Status(code)),
            _ => Err("status is between 100 and 599".to_owned()),
        },
        "rate-limited" => Ok(FaultKind::RateLimited { retry_after_s: number(name, value)? }),
        "html" => bare(FaultKind::Html),
        "truncated" => bare(FaultKind::Truncated),
        "reset" => bare(FaultKind::Reset),
        "garbage" => bare(FaultKind::Garbage),
        "mfa" => bare(FaultKind::MfaRequired),
        "endless" => bare(FaultKind::Endless),
        "same-page" => bare(FaultKind::SamePage),
        "trailing" => bare(FaultKind::Trailing),
        "bad-record" => bare(FaultKind::BadRecord),
        "headers" => Ok(FaultKind::ManyHeaders(number(name, value)?)),
        "redirect" => Ok(FaultKind::Redirect(value.to_owned())),
        "slow" => Ok(FaultKind::Slow(Duration::from_millis(number(name, value)?))),
        "huge" => Ok(FaultKind::Huge(number(name, value)?)),
        _ => Err(format!("unknown fault {name}; see providerctl simulate --help")),
    }
}

/// The value of an option as a whole number.
pub(crate) fn number<T: FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} takes a whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, on: &str, after: u32, times: Option<u32>, what: FaultKind) {
        let fault = Fault { on: Matcher::from(on), after, times, what };
        assert_eq!(text.parse(), Ok(FaultArgument(fault)));
    }

    #[test]
    fn faults_are_read() {
        check("status=503,on=/users,after=3,times=1", "/users", 3, Some(1), FaultKind::Status(503));
        check("html", "", 0, None, FaultKind::Html);
        check("headers=20000", "", 0, None, FaultKind::ManyHeaders(20_000));
        check("bad-record,times=2", "", 0, Some(2), FaultKind::BadRecord);
        check("on=/users/me,mfa", "/users/me", 0, None, FaultKind::MfaRequired);
        check("rate-limited=7", "", 0, None, FaultKind::RateLimited { retry_after_s: 7 });
        check("slow=250", "", 0, None, FaultKind::Slow(Duration::from_millis(250)));
        check("on=/x,body=[1,2],on=3", "/x", 0, None, FaultKind::Body("[1,2],on=3".to_owned()));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "on=/users", "status=99", "status=", "html=1", "flood", "html,garbage", "reset,after=x"] {
            assert!(text.parse::<FaultArgument>().is_err(), "{text:?}");
        }
    }
}
