//! What is left of a licence.

use chrono::{DateTime, Utc};
use provider_host::model::{License, Quantity};

use crate::clock::{contract_instant, days_until};

/// How many days a licence is still valid: negative once it has expired, 0 on its last day. `None` if it does not end, or its end
/// is not known.
pub(crate) fn days_left(license: &License, as_of: DateTime<Utc>) -> Option<i64> {
    let end = contract_instant(license.expires_at.as_deref()?)?;
    let days = days_until(end, as_of);
    // On its last day a licence may be over already.
    Some(if end <= as_of { days.min(-1) } else { days })
}

/// The licence that ends first.
pub(crate) fn first_to_end(licenses: &[License], as_of: DateTime<Utc>) -> Option<(&License, i64)> {
    let ending = licenses.iter().filter_map(|license| Some((license, days_left(license, as_of)?)));
    ending.min_by_key(|(_, days)| *days)
}

/// The seats of all licences together: used and purchased. What one of them does not say is not known of all.
pub(crate) fn seats(licenses: &[License]) -> (Quantity, Quantity) {
    let sum = |of: fn(&License) -> Quantity| licenses.iter().map(of).reduce(add).unwrap_or(Quantity::Unknown);
    (sum(|license| license.seats_used), sum(|license| license.seats_purchased))
}

/// How many seats are left; negative if more are used than were bought. `None` if that is not known, or if the seats are
/// unlimited.
pub(crate) fn seats_left(used: Quantity, purchased: Quantity) -> Option<i64> {
    match (used, purchased) {
        (Quantity::Limited(used), Quantity::Limited(purchased)) => Some(i64::from(purchased) - i64::from(used)),
        _ => None,
    }
}

fn add(one: Quantity, other: Quantity) -> Quantity {
    match (one, other) {
        (Quantity::Unknown, _) | (_, Quantity::Unknown) => Quantity::Unknown,
        (Quantity::Unlimited, _) | (_, Quantity::Unlimited) => Quantity::Unlimited,
        (Quantity::Limited(one), Quantity::Limited(other)) => Quantity::Limited(one.saturating_add(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples;
    use crate::report::samples::as_of;
    use Quantity::{Limited, Unknown, Unlimited};

    fn license(expires_at: Option<&str>, used: Quantity, purchased: Quantity) -> License {
        let expires_at = expires_at.map(str::to_owned);
        License { expires_at, seats_used: used, seats_purchased: purchased, ..samples::license() }
    }

    #[test]
    fn days_follow_the_calendar() {
        let cases = [
            (Some("2026-11-25T00:00:00.000Z"), Some(1)),
            (Some("2027-01-31T00:00:00.000Z"), Some(68)),
            (Some("2026-11-24T23:59:59.000Z"), Some(0)),
            (Some("2026-11-24T15:25:00.000Z"), Some(-1)),
            (Some("2026-11-20T00:00:00.000Z"), Some(-4)),
            (Some("soon"), None),
            (None, None),
        ];
        for (end, days) in cases {
            assert_eq!(days_left(&license(end, Unknown, Unknown), as_of()), days, "{end:?}");
        }
    }

    #[test]
    fn seats_add_up_as_far_as_they_are_known() {
        let cases: &[(&[(Quantity, Quantity)], (Quantity, Quantity))] = &[
            (&[], (Unknown, Unknown)),
            (&[(Limited(8), Limited(10))], (Limited(8), Limited(10))),
            (&[(Limited(8), Limited(10)), (Limited(1), Unlimited)], (Limited(9), Unlimited)),
            (&[(Unknown, Limited(10)), (Limited(1), Unknown)], (Unknown, Unknown)),
        ];
        for (licenses, expect) in cases {
            let all: Vec<_> = licenses.iter().map(|(used, bought)| license(None, *used, *bought)).collect();
            assert_eq!(seats(&all), *expect);
        }
        let all = [license(None, Unknown, Unknown), license(Some("2027-01-31T00:00:00.000Z"), Unknown, Unknown)];
        assert_eq!(first_to_end(&all, as_of()).map(|(_, days)| days), Some(68));
    }
}
