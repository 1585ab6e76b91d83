//! Reads JSON as servers and proxies write it: each value for itself, and leniently.
//!
//! Some servers leave out empty fields and some send `null`, so an absent field, a `null` and an empty value are the same
//! here. A value of another type makes the record unreadable.

use alloc::borrow::{Cow, ToOwned};
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json::{self, Reader, Unreadable};

/// Text that borrows from the answer unless it has escapes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as an owned value; `None` if it is empty.
    #[must_use]
    pub fn non_empty(&self) -> Option<String> {
        if self.0.is_empty() { None } else { Some(self.0.clone().into_owned()) }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or null")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_unit<E: Error>(self) -> Result<Text<'de>, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// A whole number. If it does not fit an `i64`, the nearest is used, so that an impossible date only spoils itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Number(pub i64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl Visitor<'_> for NumberVisitor {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or null")
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
                Ok(Number(i64::try_from(number).unwrap_or(i64::MAX)))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
                Ok(Number(number as i64))
            }
            fn visit_unit<E: Error>(self) -> Result<Number, E> {
                Ok(Number(0))
            }
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}

/// `true`, or anything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<bool>::deserialize(deserializer).map(|flag| Self(flag.unwrap_or_default()))
    }
}

/// Configurations have some hundred entries. A larger map cannot come from a server, and is refused.
const TEXTS_AT_MOST: usize = 5_000;

/// A map of texts. A gateway that rewrites JSON may send flags and whole numbers as such; they are kept as texts.
/// `null` is an empty map, or an absent key.
#[derive(Clone, Debug, Default)]
pub struct TextMap(BTreeMap<String, Option<String>>);

impl TextMap {
    /// The value of a key; `None` if it is absent, empty, a list, a map or a fraction.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_deref().map(str::trim).filter(|value| !value.is_empty())
    }

    /// Whether there is such a key, with any value.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Whether the key has a list, a map or a fraction, which cannot be kept as text.
    #[must_use]
    pub fn is_odd(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(Option::is_none)
    }

    /// Whether the key is `true` or `false`; `None` if it is neither.
    #[must_use]
    pub fn flag(&self, key: &str) -> Option<bool> {
        let value = self.get(key)?;
        if value.eq_ignore_ascii_case("true") {
            Some(true)
        } else {
            value.eq_ignore_ascii_case("false").then_some(false)
        }
    }
}

impl<'de> Deserialize<'de> for TextMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MapVisitor;
        impl<'de> Visitor<'de> for MapVisitor {
            type Value = TextMap;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of texts")
            }
            fn visit_unit<E: Error>(self) -> Result<TextMap, E> {
                Ok(TextMap::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TextMap, A::Error> {
                let mut texts = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<MaybeText, MaybeText>()? {
                    if texts.len() >= TEXTS_AT_MOST {
                        return Err(A::Error::invalid_length(texts.len(), &self));
                    }
                    match (key, value) {
                        (MaybeText::Text(key), MaybeText::Text(text)) => texts.insert(key, Some(text)),
                        (MaybeText::Text(key), MaybeText::Odd) => texts.insert(key, None),
                        _ => None,
                    };
                }
                Ok(TextMap(texts))
            }
        }
        deserializer.deserialize_any(MapVisitor)
    }
}

/// A value of a map of texts.
#[derive(Default)]
enum MaybeText {
    /// A text, or a value that is kept as text.
    Text(String),
    /// `null`.
    #[default]
    Nothing,
    /// Of another sort, and not kept.
    Odd,
}

impl<'de> Deserialize<'de> for MaybeText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MaybeVisitor;
        impl<'de> Visitor<'de> for MaybeVisitor {
            type Value = MaybeText;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<MaybeText, E> {
                Ok(MaybeText::Text(text.to_owned()))
            }
            fn visit_bytes<E: Error>(self, text: &[u8]) -> Result<MaybeText, E> {
                Ok(MaybeText::Text(String::from_utf8_lossy(text).into_owned()))
            }
            fn visit_bool<E: Error>(self, flag: bool) -> Result<MaybeText, E> {
                Ok(MaybeText::Text(flag.to_string()))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<MaybeText, E> {
                Ok(MaybeText::Text(number.to_string()))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<MaybeText, E> {
                Ok(MaybeText::Text(number.to_string()))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<MaybeText, E> {
                // Such as 1e2, or 100.0. Beyond 2^53 the number differs from the one that was sent.
                let whole = number as i64;
                let is_exact = whole as f64 == number && whole.unsigned_abs() <= 1 << 53;
                Ok(if is_exact { MaybeText::Text(whole.to_string()) } else { MaybeText::Odd })
            }
            fn visit_unit<E: Error>(self) -> Result<MaybeText, E> {
                Ok(MaybeText::Nothing)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<MaybeText, A::Error> {
                IgnoredAny.visit_seq(list).map(|_| MaybeText::Odd)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MaybeText, A::Error> {
                IgnoredAny.visit_map(map).map(|_| MaybeText::Odd)
            }
        }
        deserializer.deserialize_any(MaybeVisitor)
    }
}

/// A list of records, each read for itself, so that a bad one does not lose the others.
#[derive(Clone, Debug)]
pub struct Rows<T> {
    /// The records that could be read, in order.
    pub rows: Vec<T>,
    /// How many could not.
    pub unreadable: u32,
    /// The names of the first few of those.
    pub names: Vec<String>,
}

/// The most unreadable records that are named.
pub const NAMES_AT_MOST: usize = 10;

impl<T> Rows<T> {
    /// How many records the server sent.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.rows.len().saturating_add(usize::try_from(self.unreadable).unwrap_or(usize::MAX))
    }
}

/// Reads a list of at most so many records: a body of some kilobytes can hold millions of empty ones, and each takes
/// some hundred bytes of memory. A record that cannot be read is named by the first of these keys that has a text.
///
/// # Errors
/// The body is not a JSON list, or a longer one.
pub fn rows<'a, T: Deserialize<'a>>(body: &'a [u8], most: usize, names: &[&str]) -> Result<Rows<T>, Unreadable> {
    let mut read = Rows { rows: Vec::new(), unreadable: 0, names: Vec::new() };
    // Go writes an unset list as `null`.
    if body.trim_ascii() == b"null" {
        return Ok(read);
    }
    let mut reader = Reader::new(body);
    reader.each(|reader| {
        if read.sent() >= most {
            return Err(Unreadable);
        }
        match reader.value_or_pass()? {
            Ok(row) => read.rows.push(row),
            Err(bytes) => {
                read.unreadable = read.unreadable.saturating_add(1);
                if read.names.len() < NAMES_AT_MOST {
                    let texts = json::from_slice::<TextMap>(bytes).unwrap_or_default();
                    read.names.extend(names.iter().find_map(|key| texts.get(key)).map(ToOwned::to_owned));
                }
            }
        }
        Ok(())
    })?;
    reader.end()?;
    Ok(read)
}

/// Whether a body is JSON at all, which distinguishes a proxy's page from an answer of an unexpected shape.
#[must_use]
pub fn is_json(body: &[u8]) -> bool {
    json::from_slice::<IgnoredAny>(body).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, Default, Deserialize)]
    #[serde(default)]
    struct User<'a> {
        #[serde(borrow)]
        id: Text<'a>,
        create_at: Number,
        update_at: Number,
        delete_at: Number,
        #[serde(borrow)]
        email: Text<'a>,
        #[serde(borrow)]
        first_name: Text<'a>,
        #[serde(borrow)]
        last_name: Text<'a>,
        #[serde(borrow)]
        roles: Text<'a>,
        is_bot: Flag,
    }

    const NAMES: [&str; 2] = ["username", "id"];

    #[test]
    fn a_bad_record_does_not_lose_the_others() {
        let cases = [
            ("[]", Some((0, 0))),
            (r#"[{"id":"a"},{"id":"b","surprise":[{}]}]"#, Some((2, 0))),
            (r#"[{"id":"a"},{"id":7},{"id":"c"}]"#, Some((2, 1))),
            (r#"[{"id":"a"},null,5,"x",[],{"id":"c"}]"#, Some((2, 4))),
            (r#"[{"id":"a","email":null,"delete_at":null,"is_bot":null}]"#, Some((1, 0))),
            (r#"[{"id":"a","create_at":1e300,"delete_at":99999999999999999999,"update_at":-1e999}]"#, Some((1, 0))),
            (r#"[{"id":"a","roles":["system_user"]}]"#, Some((0, 1))),
            (r#"{"id":"a"}"#, None),
            (r#"[{"id":"a"}"#, None),
            (r#"[{"id":"a"}]{"id":"x"}"#, None),
            ("null", Some((0, 0))),
            (" null ", Some((0, 0))),
            ("nul", None),
            ("null null", None),
            ("", None),
        ];
        for (body, expect) in cases {
            let got = rows::<User<'_>>(body.as_bytes(), 6, &NAMES).ok().map(|rows| (rows.rows.len(), rows.unreadable));
            assert_eq!(got, expect, "{body}");
        }
    }

    #[test]
    fn a_list_longer_than_requested_is_refused() {
        for (body, most, expect) in
            [("[{},{}]", 2, true), ("[{},{},{}]", 2, false), ("[0,0,{}]", 2, false), ("[]", 0, true)]
        {
            assert_eq!(rows::<User<'_>>(body.as_bytes(), most, &NAMES).is_ok(), expect, "{body}");
        }
        let keys: Vec<_> = (0..=TEXTS_AT_MOST).map(|n| std::format!("\"{n}\":\"\"")).collect();
        assert!(json::from_slice::<TextMap>(std::format!("{{{}}}", keys.join(",")).as_bytes()).is_err());
    }

    #[test]
    fn text_borrows_unless_it_is_escaped() {
        let user: User<'_> = json::from_slice(r#"{"first_name":"Zoë","last_name":"M\u0026M"}"#.as_bytes()).unwrap();
        assert!(matches!(user.first_name.0, Cow::Borrowed("Zoë")));
        assert_eq!(user.last_name.as_str(), "M&M");
    }

    #[test]
    fn maps_keep_texts_flags_and_numbers() {
        let body = [
            br#"{"Users":100,"IsTrial":true,"Cloud":"False","Seven":7.0,"Text":" x ","Empty":"","Null":null,"#
                .as_slice(),
            br#""List":[{"a":"b"}],"Map":{},"Half":0.5,"Huge":1e300,"\u0041":"\u0042","#.as_slice(),
            b"\"\xffx\":\"y\"}",
        ];
        let body = body.concat();
        let map: TextMap = json::from_slice(&body).unwrap();
        assert_eq!(["Users", "Seven", "Text", "A"].map(|key| map.get(key)), ["100", "7", "x", "B"].map(Some));
        assert_eq!(["IsTrial", "Cloud", "Text", "No"].map(|key| map.flag(key)), [Some(true), Some(false), None, None]);
        assert_eq!(["Empty", "Null", "List", "Map", "Half", "Huge", "No"].map(|key| map.get(key)), [None; 7]);
        assert_eq!(["List", "Map", "Half", "Huge"].map(|key| map.is_odd(key)), [true; 4]);
        assert_eq!(["Empty", "List", "Null", "No"].map(|key| map.has(key)), [true, true, false, false]);
        assert_eq!(map.get("\u{fffd}x"), Some("y"));
        assert!(!json::from_slice::<TextMap>(b"null").unwrap().has("Users"));
        assert!(json::from_slice::<TextMap>(b"[]").is_err());
    }
}
