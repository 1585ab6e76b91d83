//! Each field, hidden and visible, and what holds for any two records.

use proptest::prelude::*;

use super::*;
use provider_model::Assignment;
use provider_testing::samples::user as sample;

const THEN: &str = "2026-01-01T00:00:00.000Z";
const LATER: &str = "2026-11-01T00:00:00.000Z";

fn roles() -> Vec<String> {
    ["owner", "lead", "member", "guest"].map(str::to_owned).into()
}

/// Hidden fields as texts: `email`, or `role=lead`.
fn hidden(fields: &[&str]) -> Hidden {
    let mut all = Vec::new();
    for field in fields {
        let (name, ids) = field.split_once('=').unwrap_or((field, ""));
        let may_be = ids.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect();
        learn(&mut all, &[HiddenField { name: name.to_owned(), may_be }]);
    }
    Hidden::new(&all, &roles())
}

fn user(change: impl FnOnce(&mut User)) -> User {
    let mut user = sample("a", THEN);
    change(&mut user);
    user
}

fn used(user: &mut User, at: &str) {
    user.activity = ActivityKnowledge::Known;
    user.last_activity_at = Some(at.into());
}

fn unused(user: &mut User) {
    user.activity = ActivityKnowledge::Unknown;
}

const ACTIVITY: &[&str] = &["status=inactive", "activity", "last-activity-at"];

/// One case: what is kept, what is read, what is hidden, and which of the two the record has afterwards.
struct Case {
    name: &'static str,
    kept: fn(&mut User),
    fresh: fn(&mut User),
    hidden: &'static [&'static str],
    /// What the merged record is, made from the fresh one.
    expect: fn(&mut User),
}

fn same(_: &mut User) {}

const CASES: &[Case] = &[
    Case {
        name: "nothing is hidden: what is gone is gone",
        kept: |user| user.position = Some("Lead".into()),
        fresh: |user| user.email = None,
        hidden: &[],
        expect: same,
    },
    Case {
        name: "a hidden address keeps its value",
        kept: same,
        fresh: |user| user.email = None,
        hidden: &["email"],
        expect: |user| user.email = Some("zoë@example.com".into()),
    },
    Case {
        name: "an address that is hidden for others and visible here is the one that is seen",
        kept: same,
        fresh: |user| user.email = Some("own@example.com".into()),
        hidden: &["email"],
        expect: same,
    },
    Case {
        name: "an address that was never seen stays absent",
        kept: |user| user.email = None,
        fresh: |user| user.email = None,
        hidden: &["email"],
        expect: same,
    },
    Case {
        name: "another field that is gone is gone, whatever is hidden beside it",
        kept: |user| user.position = Some("Lead".into()),
        fresh: |user| user.email = None,
        hidden: &["email"],
        expect: |user| user.email = Some("zoë@example.com".into()),
    },
    Case {
        name: "names and position",
        kept: |user| {
            user.first_name = Some("Zoë".into());
            user.last_name = Some("Berg".into());
            user.position = Some("Lead".into());
        },
        fresh: same,
        hidden: &["first-name", "last-name", "position"],
        expect: |user| {
            user.first_name = Some("Zoë".into());
            user.last_name = Some("Berg".into());
            user.position = Some("Lead".into());
        },
    },
    Case {
        name: "a role that this token may not see",
        kept: |user| user.role = "lead".into(),
        fresh: same,
        hidden: &["role=lead"],
        expect: |user| user.role = "lead".into(),
    },
    Case {
        name: "a higher role that is visible wins",
        kept: |user| user.role = "lead".into(),
        fresh: |user| user.role = "owner".into(),
        hidden: &["role=lead"],
        expect: same,
    },
    Case {
        name: "a visible role that was taken away is gone",
        kept: |user| user.role = "owner".into(),
        fresh: same,
        hidden: &["role=lead"],
        expect: same,
    },
    Case {
        name: "who became a guest leads no more",
        kept: |user| user.role = "lead".into(),
        fresh: |user| (user.role, user.kind) = ("guest".into(), UserKind::Guest),
        hidden: &["role=lead"],
        expect: same,
    },
    Case {
        name: "a role that is not hidden",
        kept: |user| user.role = "lead".into(),
        fresh: same,
        hidden: &["email"],
        expect: same,
    },
    Case {
        name: "hidden activity keeps its date and what follows from it",
        kept: |user| {
            used(user, THEN);
            user.status = UserStatus::Inactive;
        },
        fresh: unused,
        hidden: ACTIVITY,
        expect: |user| {
            used(user, THEN);
            user.status = UserStatus::Inactive;
        },
    },
    Case {
        name: "a deactivation is visible",
        kept: |user| used(user, THEN),
        fresh: |user| {
            unused(user);
            user.status = UserStatus::Deactivated;
            user.deactivated_at = Some(LATER.into());
        },
        hidden: ACTIVITY,
        expect: |user| used(user, THEN),
    },
    Case {
        name: "so is the end of one",
        kept: |user| {
            used(user, THEN);
            user.status = UserStatus::Deactivated;
            user.deactivated_at = Some(LATER.into());
        },
        fresh: unused,
        hidden: ACTIVITY,
        expect: |user| used(user, THEN),
    },
    Case {
        name: "activity that is visible after all, and later",
        kept: |user| used(user, THEN),
        fresh: |user| used(user, LATER),
        hidden: ACTIVITY,
        expect: same,
    },
    Case {
        name: "activity of which this token sees a part: the later date was seen",
        kept: |user| used(user, LATER),
        fresh: |user| {
            used(user, THEN);
            user.status = UserStatus::Inactive;
        },
        hidden: &["status=active", "activity", "last-activity-at"],
        expect: |user| {
            used(user, LATER);
            user.status = UserStatus::Active;
        },
    },
    Case {
        name: "visible activity that went back, as after a restored server",
        kept: |user| used(user, LATER),
        fresh: |user| used(user, THEN),
        hidden: &[],
        expect: same,
    },
    Case {
        name: "a seat and its licences",
        kept: same,
        fresh: |user| {
            user.seat = SeatUse::Unknown;
            user.licenses.clear();
        },
        hidden: &["seat", "licenses"],
        expect: |user| *user = sample("a", THEN),
    },
    Case {
        name: "a licence whose name is hidden",
        kept: same,
        fresh: |user| user.licenses.clear(),
        hidden: &["licenses"],
        expect: |user| *user = sample("a", THEN),
    },
    Case {
        name: "a seat that is seen to be free has no licence",
        kept: same,
        fresh: |user| {
            user.seat = SeatUse::Free;
            user.licenses.clear();
        },
        hidden: &["seat", "licenses"],
        expect: same,
    },
    Case {
        name: "hidden attributes keep their values, and others go",
        kept: |user| {
            user.attributes = [("auth", "ldap"), ("locale", "de"), ("mfa", "true")].into_iter().collect();
        },
        fresh: |user| user.attributes = [("mfa", "false")].into_iter().collect(),
        hidden: &["attributes.auth", "attributes.mfa"],
        expect: |user| user.attributes = [("auth", "ldap"), ("mfa", "false")].into_iter().collect(),
    },
];

#[test]
fn what_is_hidden_keeps_its_value_and_what_is_visible_wins() {
    for Case { name, kept, fresh, hidden: fields, expect } in CASES {
        let (kept, fresh) = (user(kept), user(fresh));
        let mut expected = fresh.clone();
        expect(&mut expected);
        assert_eq!(hidden(fields).merge(&kept, fresh), expected, "{name}");
    }
}

#[test]
fn what_is_hidden_is_learned_once() {
    let field =
        |may_be: &[&str]| HiddenField { name: "role".into(), may_be: may_be.iter().map(|id| (*id).into()).collect() };
    let mut hidden = Vec::new();
    let steps: [(&[&str], bool); 5] =
        [(&["lead"], true), (&["lead"], false), (&["lead", "owner"], true), (&[], true), (&["lead"], false)];
    for (ids, is_news) in steps {
        assert_eq!(learn(&mut hidden, &[field(ids)]), is_news, "{ids:?}");
    }
    assert_eq!(hidden, [field(&[])], "an empty list stands for any value");
}

fn fields() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(
        vec![
            "email",
            "first-name",
            "position",
            "role=lead",
            "role=owner,lead",
            "status=inactive",
            "activity",
            "last-activity-at",
            "seat",
            "licenses",
            "attributes.a",
            "attributes",
            "deactivated-at",
        ],
        0..13,
    )
}

/// Any record that keeps the contract's rules.
fn users() -> impl Strategy<Value = User> {
    let text = || proptest::option::of("[ab]");
    let visible = (0_usize..4, 0_usize..3, 0_usize..2, 0_usize..3, any::<bool>());
    let rest = (text(), text(), text(), 0_usize..4, proptest::collection::btree_map("[abc]", "[xy]", 0..3));
    (visible, rest).prop_map(|((role, status, kind, seat, licensed), (email, name, position, activity, attributes))| {
        user(|user| {
            user.role = roles().swap_remove(role);
            user.status = [UserStatus::Active, UserStatus::Inactive, UserStatus::Deactivated][status];
            user.deactivated_at = (status == 2).then(|| THEN.into());
            user.kind = [UserKind::Member, UserKind::Guest][kind];
            user.seat = [SeatUse::Occupied, SeatUse::Free, SeatUse::Unknown][seat];
            user.licenses = if licensed && user.seat != SeatUse::Free {
                vec![Assignment { license_type: "x".into(), assigned_at: None }]
            } else {
                Vec::new()
            };
            (user.email, user.first_name, user.position) = (email, name, position);
            match activity {
                0 => unused(user),
                1 => user.activity = ActivityKnowledge::Never,
                2 => used(user, THEN),
                _ => used(user, LATER),
            }
            user.attributes = attributes.into_iter().collect();
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn merging_is_lawful(kept in users(), fresh in users(), some in fields(), more in fields()) {
        let few = hidden(&some);
        let merged = few.merge(&kept, fresh.clone());
        // What is visible wins, and twice is as good as once.
        prop_assert_eq!(hidden(&[]).merge(&kept, fresh.clone()), fresh.clone());
        prop_assert_eq!(few.merge(&kept, kept.clone()), kept.clone());
        prop_assert_eq!(few.merge(&kept, merged.clone()), merged.clone());
        prop_assert_eq!(few.merge(&merged, fresh.clone()), merged.clone());
        // What is hidden from the beginning and what turns out to be hidden later comes to the same.
        let all = hidden(&some.iter().chain(&more).copied().collect::<Vec<_>>());
        prop_assert_eq!(all.merge(&kept, merged.clone()), all.merge(&kept, fresh.clone()));
        // The contract's rules hold.
        prop_assert_eq!(merged.last_activity_at.is_some(), merged.activity == ActivityKnowledge::Known);
        prop_assert!(merged.seat != SeatUse::Free || merged.licenses.is_empty());
        prop_assert!(merged.deactivated_at.is_none() || merged.status == UserStatus::Deactivated);
        prop_assert_eq!((&merged.id, merged.kind), (&fresh.id, fresh.kind));
        prop_assert_eq!(merged.status == UserStatus::Deactivated, fresh.status == UserStatus::Deactivated);
    }
}
