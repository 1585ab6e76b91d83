//! Compares the reader with `serde_json`, on JSON and on text that is nearly JSON.

use super::super::lenient::{Flag, Number, Text, TextMap, rows};
use super::*;
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::format;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct User<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    create_at: Number,
    #[serde(borrow)]
    username: Text<'a>,
    #[serde(borrow)]
    position: Text<'a>,
    #[serde(borrow)]
    roles: Text<'a>,
    is_bot: Flag,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Status<'a> {
    #[serde(borrow)]
    user_id: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    last_activity_at: Number,
}

/// The results of both for a text: whether it is JSON, and the record.
fn both<'a, T: Deserialize<'a> + fmt::Debug>(text: &'a str) -> [(bool, Option<String>); 2] {
    let shown = |record: T| format!("{record:?}");
    [
        (from_slice::<IgnoredAny>(text.as_bytes()).is_ok(), from_slice(text.as_bytes()).ok().map(shown)),
        (serde_json::from_str::<IgnoredAny>(text).is_ok(), serde_json::from_str(text).ok().map(shown)),
    ]
}

/// Checks that both agree, except on a list instead of a record, which `serde_json` accepts, and on JSON that it
/// refuses: half a pair of surrogates, and numbers beyond those of the machine.
fn agree(text: &str) -> Result<(), TestCaseError> {
    let is_list = text.trim_start().starts_with('[');
    let is_too_much = || serde_json::from_str::<Value>(text).is_err();
    for [ours, theirs] in [both::<User<'_>>(text), both::<TextMap>(text), both::<Status<'_>>(text)] {
        let is_alike = ours.1 == theirs.1 || is_list || (theirs == (true, None) && is_too_much());
        prop_assert!(ours.0 == theirs.0 && is_alike, "{text}: {ours:?}, {theirs:?}");
    }
    Ok(())
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec!["id", "create_at", "username", "is_bot", "roles", "status", "user_id"])
            .prop_map(String::from),
        1 => any::<String>(),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (0_u64..2_000_000_000_000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z]{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..5).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn record() -> impl Strategy<Value = Value> {
    prop::collection::vec((key(), value()), 0..12).prop_map(|pairs| Value::Object(pairs.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    #[cfg_attr(miri, ignore = "Miri takes minutes to draw texts, and reads the fixed ones")]
    fn json_is_read_as_serde_json_reads_it(value in prop_oneof![record(), value()], spaced: bool) {
        let text = if spaced { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        agree(&text)?;
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri takes minutes to draw texts, and reads the fixed ones")]
    fn damaged_json_is_refused_as_serde_json_refuses_it(
        value in record(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..128, 0..3), 1..4),
    ) {
        let mut bytes = serde_json::to_vec(&value).unwrap();
        for (place, byte, how) in changes {
            let place = place.index(bytes.len().max(1));
            match how {
                0 if place < bytes.len() => bytes[place] = byte,
                1 => bytes.truncate(place),
                _ => bytes.insert(place, byte),
            }
        }
        agree(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri takes minutes to draw texts, and reads the fixed ones")]
    fn text_like_json_is_read_as_serde_json_reads_it(
        parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "\"id\"", "\"a\"", "null", "true", "false", "0", "-", "12", "1.5",
            "1e5", "-0", "00", "1.", "e", " ", "\n", "\\u00e9", "\\ud800", "\\", "\u{7f}", "\u{1}", "é", "{\"id\":",
            "\"12345678\"", "99999999999999999999",
        ]), 0..14),
    ) {
        agree(&parts.concat())?;
    }
}

#[test]
fn fixed_texts_are_read_as_serde_json_reads_them() {
    for text in [
        r#"{"id":"abcdefghijklmnopqrstuvwxyz","create_at":1700000000000,"username":"zoe","is_bot":true,"roles":""}"#,
        "{\n  \"id\" : \"é\\n\\u00e9\\ud83d\\ude00\",\n  \"create_at\": -1.5e3,\n  \"is_bot\": null\n}",
        r#"{"user_id":12,"status":["away",{"a":[]}],"last_activity_at":"1700000000000"}"#,
        r#"{"id":"a","id":"b","":0,"position":"eight letters, and some more than that\t"}"#,
        r#"{"id":"cut"#,
        r#"{"id":"a",}"#,
        r#"{"id":"\ud800"}"#,
        "{\"id\":\"\u{1}\"}",
        "[1,2,{}]",
        "18446744073709551616",
        "t",
        "-",
        "",
    ] {
        agree(text).unwrap();
    }
}

#[test]
fn a_text_ends_at_its_quote() {
    for length in (0..40).step_by(if cfg!(miri) { 17 } else { 1 }) {
        for special in ["", "\\n", "é", "\\\"", "\\u0041", "\u{1f600}"] {
            for place in 0..=length {
                let text = format!("\"{}{special}{}\"", "a".repeat(place), "b".repeat(length - place));
                let ours: String = from_slice(text.as_bytes()).unwrap();
                assert_eq!(ours, serde_json::from_str::<String>(&text).unwrap());
            }
        }
    }
}

#[test]
fn invalid_bytes_only_spoil_their_own_value() {
    let body = b"[{\"id\":\"a\xffb\",\"position\":\"x\\n\xfe\",\"\xff\":\"\xff\",\"roles\":\"\\ud800r\"}]";
    let read = rows::<User<'_>>(body, 1, &["id"]).unwrap();
    let row: Vec<_> = read.rows.iter().flat_map(|row| [row.id.as_str(), row.position.as_str()]).collect();
    assert_eq!(
        (row.as_slice(), read.rows[0].roles.as_str()),
        (&["a\u{fffd}b", "x\n\u{fffd}"][..], "\u{fffd}\u{fffd}\u{fffd}r")
    );
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for (depth, expect) in [(1, true), (127, true), (129, true), (130, false), (100_000, false)] {
        assert_eq!(from_slice::<IgnoredAny>(nested(depth).as_bytes()).is_ok(), expect, "{depth}");
    }
}
