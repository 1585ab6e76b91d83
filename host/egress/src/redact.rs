//! Redaction: finds known secrets by their value in texts that leave the host, and removes them.
//!
//! A plugin holds placeholders. It learns a secret only from a server that echoes it: in a request's id, in an error's
//! text or in a user's name. So everything that a plugin returns, and everything that is logged about its requests,
//! passes through here. This helps against servers that echo a secret, not against servers that disguise it: a secret
//! can be written in more ways than anybody can search for.
//!
//! * A secret of 8 characters or more is found anywhere, in any case, as it is and in the forms that protocols give it:
//!   percent-encoded, in hexadecimal digits, in base64 (of itself or inside of something longer, such as `user:password`),
//!   and as JSON, HTML or a header escape it.
//! * A secret of 4 to 7 characters is found only as a whole word, so that the password `test` leaves `latest`
//!   unchanged.
//! * A shorter secret is not searched for: it would be found in every other sentence.
//! * If a text for a person was cut off and ends with the first half of a secret or more, that end is removed.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use provider_model::{
    Attributes, CheckReport, HiddenField, License, ListingState, Notice, ProviderError, User, UserPage,
};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};

/// What replaces a secret.
const REDACTED: &str = "[redacted]";

/// The length in bytes from which on a secret is found anywhere, and the length from which on it is searched for at
/// all.
const LONG: usize = 8;
const SHORT: usize = 4;

/// The number of entries in the table of pairs: many more than the pairs of a few secrets.
const PAIRS: usize = 4096;

/// Searches for the secrets of one session. Wipes their forms when it is dropped.
///
/// The search is Wu and Manber's: it looks at pairs of bytes at distances of about the length of the shortest form, and
/// looks closer only if a pair occurs in a secret. A text that is shorter than all forms is skipped.
pub struct Redactor {
    /// The longest first.
    forms: Vec<Form>,
    shortest: usize,
    /// How far the search may skip after a pair of bytes.
    skips: Vec<u8>,
}

/// One way to write a secret.
struct Form {
    text: Zeroizing<Vec<u8>>,
    place: Place,
}

/// Where a form counts as found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Anywhere,
    /// Where no letter or digit is next to it.
    Word,
    /// Inside of a longer base64 text, all of which is removed.
    Base64,
    /// Anywhere; at the end of a text its beginning is enough.
    Whole,
}

/// Texts that leave the host.
pub trait Texts {
    /// Removes the secrets.
    fn redact(&mut self, redactor: &Redactor);
}

impl Redactor {
    /// Makes a redactor for these secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut forms: Vec<Form> = secrets.into_iter().flat_map(|secret| forms(secret.expose_secret())).collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.text.len()));
        let shortest = forms.iter().map(|form| form.text.len()).min().unwrap_or(usize::MAX).min(usize::from(u8::MAX));
        let widest = u8::try_from(shortest.saturating_sub(1)).unwrap_or(u8::MAX);
        let mut skips = if forms.is_empty() { Vec::new() } else { vec![widest; PAIRS] };
        for form in &forms {
            let head = form.text.get(..shortest).unwrap_or_default();
            for (place, pair) in head.windows(2).enumerate() {
                let left = shortest.saturating_sub(place).saturating_sub(2);
                if let (&[one, other], Ok(left)) = (pair, u8::try_from(left))
                    && let Some(skip) = skips.get_mut(bucket(one, other))
                {
                    *skip = left.min(*skip);
                }
            }
        }
        Self { forms, shortest, skips }
    }

    /// Removes the secrets from a text. Returns whether there were any.
    #[inline]
    pub fn clean(&self, text: &mut String) -> bool {
        text.len() >= self.shortest && self.clean_long(text)
    }

    /// The same for a text that is at least as long as the shortest form.
    fn clean_long(&self, text: &mut String) -> bool {
        let Some(first) = self.find(text.as_bytes(), 0) else { return false };
        *text = self.cleaned(text, first);
        true
    }

    /// The same for a text that may have been cut off in the middle of a secret.
    pub(crate) fn clean_for_person(&self, text: &mut String) -> bool {
        let is_cleaned = self.clean(text);
        let rest = text.trim_end_matches(|letter: char| letter == '.' || letter == '…' || letter.is_whitespace());
        let cut = self.forms.iter().filter(|form| form.place == Place::Whole).filter_map(|form| {
            let half = form.text.len().div_ceil(2).max(LONG);
            let found = (half..form.text.len()).rev().find(|length| {
                let end = rest.len().checked_sub(*length).and_then(|start| rest.as_bytes().get(start..));
                end.zip(form.text.get(..*length)).is_some_and(|(end, head)| end.eq_ignore_ascii_case(head))
            })?;
            rest.len().checked_sub(found)
        });
        if let Some(start) = cut.min()
            && text.is_char_boundary(start)
        {
            text.truncate(start);
            text.push_str(REDACTED);
            return true;
        }
        is_cleaned
    }

    /// The text without the secrets, of which this is where the first begins and ends.
    fn cleaned(&self, text: &str, first: (usize, usize)) -> String {
        let (mut cleaned, mut kept, mut next) = (String::new(), 0_usize, Some(first));
        while let Some((start, end)) = next {
            cleaned.push_str(text.get(kept..start.max(kept)).unwrap_or_default());
            cleaned.push_str(REDACTED);
            kept = end;
            next = self.find(text.as_bytes(), end);
        }
        cleaned.push_str(text.get(kept..).unwrap_or_default());
        cleaned
    }

    /// Where the next secret begins and ends, searching from a place on.
    fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        let mut last = from.checked_add(self.shortest)?.checked_sub(1)?;
        loop {
            let (&one, &other) = (text.get(last.checked_sub(1)?)?, text.get(last)?);
            match self.skips.get(bucket(one, other)) {
                Some(0) => {
                    let start = last.saturating_add(1).saturating_sub(self.shortest);
                    if let Some(found) = self.forms.iter().find_map(|form| form.at(text, start)) {
                        return Some(found);
                    }
                    last = last.saturating_add(1);
                }
                Some(skip) => last = last.saturating_add(usize::from(*skip)),
                None => return None,
            }
        }
    }
}

/// Where a pair is in the table. Capital letters are where small ones are.
fn bucket(one: u8, other: u8) -> usize {
    let fold = |byte: u8| usize::from(byte & !0x20);
    (fold(one).wrapping_mul(31) ^ fold(other)) % PAIRS
}

impl Form {
    /// Where it begins and ends, if it begins there or around there.
    fn at(&self, text: &[u8], start: usize) -> Option<(usize, usize)> {
        let end = start.checked_add(self.text.len())?;
        if !text.get(start..end)?.eq_ignore_ascii_case(&self.text) {
            return None;
        }
        let (before, after) = (text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default());
        let is_in_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
        match self.place {
            Place::Anywhere | Place::Whole => Some((start, end)),
            Place::Word if is_in_word(before.last()) || is_in_word(after.first()) => None,
            Place::Word => Some((start, end)),
            Place::Base64 => {
                let goes_on = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte);
                let (more_before, more_after) =
                    (before.iter().rev().take_while(goes_on).count(), after.iter().take_while(goes_on).count());
                Some((start.saturating_sub(more_before), end.saturating_add(more_after)))
            }
        }
    }
}

/// The ways to write a secret that are searched for.
fn forms(secret: &str) -> Vec<Form> {
    let raw = secret.trim().as_bytes();
    if raw.len() < SHORT {
        return Vec::new();
    }
    let form = |text: Vec<u8>, place| Form { text: Zeroizing::new(text), place };
    if raw.len() < LONG {
        return vec![form(raw.to_vec(), Place::Word)];
    }
    let mut forms = vec![
        form(raw.to_vec(), Place::Whole),
        form(each(raw, |byte| Cow::Owned(format!("{byte:02x}"))), Place::Anywhere),
        form(each(raw, percent), Place::Anywhere),
    ];
    for text in escaped(raw) {
        if forms.iter().all(|known| *known.text != text) {
            forms.push(form(text, Place::Anywhere));
        } else {
            drop(Zeroizing::new(text));
        }
    }
    for before in 0..3 {
        let [text, by_url] = base64(raw, before);
        if by_url == text {
            drop(Zeroizing::new(by_url));
        } else {
            forms.push(form(by_url, Place::Base64));
        }
        forms.push(form(text, Place::Base64));
    }
    forms
}

/// A secret with each byte written so; a byte that is written as nothing stays as it is.
fn each(raw: &[u8], escape: impl Fn(u8) -> Cow<'static, str>) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len().saturating_mul(8));
    for byte in raw {
        let escaped = escape(*byte);
        let written = if escaped.is_empty() { std::slice::from_ref(byte) } else { escaped.as_bytes() };
        text.extend_from_slice(written);
    }
    text
}

fn percent(byte: u8) -> Cow<'static, str> {
    Cow::Owned(format!("%{byte:02x}"))
}

/// The forms of a secret with the escapes of URLs, JSON and HTML.
fn escaped(raw: &[u8]) -> [Vec<u8>; 6] {
    let as_it_is = Cow::Borrowed("");
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    [
        each(raw, |byte| if is_unreserved(byte) { as_it_is.clone() } else { percent(byte) }),
        // Paths and queries need not escape the same characters.
        each(raw, |byte| {
            if is_unreserved(byte) || b"!$&'()*+,;=:@/".contains(&byte) { as_it_is.clone() } else { percent(byte) }
        }),
        each(raw, |byte| match byte {
            b'"' => Cow::Borrowed("\\\""),
            b'\\' => Cow::Borrowed("\\\\"),
            _ => as_it_is.clone(),
        }),
        each(raw, |byte| match byte {
            b'"' => Cow::Borrowed("\\\""),
            b'\\' => Cow::Borrowed("\\\\"),
            b'/' => Cow::Borrowed("\\/"),
            _ => as_it_is.clone(),
        }),
        each(raw, |byte| match byte {
            b'&' | b'<' | b'>' | b'\'' | b'"' => Cow::Owned(format!("\\u{byte:04x}")),
            b'\\' => Cow::Borrowed("\\\\"),
            _ => as_it_is.clone(),
        }),
        each(raw, |byte| match byte {
            b'&' => Cow::Borrowed("&amp;"),
            b'<' => Cow::Borrowed("&lt;"),
            b'>' => Cow::Borrowed("&gt;"),
            b'"' => Cow::Borrowed("&quot;"),
            b'\'' => Cow::Borrowed("&#39;"),
            _ => as_it_is.clone(),
        }),
    ]
}

/// The base64 digits of a secret with so many bytes before it in its group of three, and the same as URLs have them.
fn base64(raw: &[u8], before: usize) -> [Vec<u8>; 2] {
    // Bytes that share a digit with what stands before the secret are left out, and digits that share one with what
    // stands behind it.
    let inner = raw.get((3_usize.saturating_sub(before)) % 3..).unwrap_or_default();
    let digits = inner.len().saturating_mul(8) / 6;
    let mut text = BASE64_STANDARD_NO_PAD.encode(inner).into_bytes();
    text.truncate(digits);
    let by_url = text
        .iter()
        .map(|digit| match digit {
            b'+' => b'-',
            b'/' => b'_',
            other => *other,
        })
        .collect();
    [text, by_url]
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redactor").field(&self.forms.len()).finish()
    }
}

/// Cleans a text for a person.
fn for_person(text: &mut String, redactor: &Redactor) {
    redactor.clean_for_person(text);
}

/// Cleans texts for a person.
fn all_for_person<'a>(texts: impl IntoIterator<Item = &'a mut String>, redactor: &Redactor) {
    texts.into_iter().for_each(|text| for_person(text, redactor));
}

impl Texts for String {
    fn redact(&mut self, redactor: &Redactor) {
        for_person(self, redactor);
    }
}

impl Texts for Attributes {
    fn redact(&mut self, redactor: &Redactor) {
        self.change(|text| redactor.clean(text));
    }
}

impl<T: Texts> Texts for Vec<T> {
    fn redact(&mut self, redactor: &Redactor) {
        self.iter_mut().for_each(|one| one.redact(redactor));
    }
}

impl Texts for Notice {
    fn redact(&mut self, redactor: &Redactor) {
        let Self { code, severity: _, message, fix, fields, count: _, subjects, params } = self;
        all_for_person([code, message].into_iter().chain(fix).chain(fields).chain(subjects), redactor);
        params.redact(redactor);
    }
}

impl Texts for CheckReport {
    fn redact(&mut self, redactor: &Redactor) {
        let Self { steps, product_version, product_instance, attributes } = self;
        for step in steps {
            all_for_person(
                [&mut step.id, &mut step.summary].into_iter().chain(&mut step.code).chain(&mut step.fix),
                redactor,
            );
            step.params.redact(redactor);
        }
        all_for_person(product_version.iter_mut().chain(product_instance), redactor);
        attributes.redact(redactor);
    }
}

impl Texts for ProviderError {
    fn redact(&mut self, redactor: &Redactor) {
        let Self {
            kind: _,
            code,
            message,
            fix,
            retryable: _,
            retry_after_ms: _,
            request,
            http_status: _,
            request_id,
            params,
        } = self;
        all_for_person([code, message].into_iter().chain(fix).chain(request).chain(request_id), redactor);
        params.change(|text| redactor.clean_for_person(text));
    }
}

impl Texts for License {
    fn redact(&mut self, redactor: &Redactor) {
        let Self {
            license_type,
            name,
            trial: _,
            seats_purchased: _,
            seats_used: _,
            licensee,
            starts_at,
            expires_at,
            attributes,
            notices,
        } = self;
        all_for_person([license_type, name].into_iter().chain(licensee).chain(starts_at).chain(expires_at), redactor);
        attributes.redact(redactor);
        notices.redact(redactor);
    }
}

impl Texts for User {
    fn redact(&mut self, redactor: &Redactor) {
        let Self {
            id,
            username,
            email,
            first_name,
            last_name,
            status: _,
            kind: _,
            role,
            roles,
            seat: _,
            licenses,
            position,
            created_at,
            deactivated_at,
            activity: _,
            last_activity_at,
            attributes,
        } = self;
        for text in [id, username, role] {
            redactor.clean(text);
        }
        let texts = [email, first_name, last_name, position, created_at, deactivated_at, last_activity_at];
        for text in texts.into_iter().flatten().chain(roles) {
            redactor.clean(text);
        }
        for license in licenses {
            redactor.clean(&mut license.license_type);
            if let Some(text) = &mut license.assigned_at {
                redactor.clean(text);
            }
        }
        attributes.redact(redactor);
    }
}

impl Texts for UserPage {
    fn redact(&mut self, redactor: &Redactor) {
        let Self { users, state, expected_total: _, wait_ms: _, watermark, notices, hidden, attributes } = self;
        users.redact(redactor);
        if let ListingState::More(text) | ListingState::Incomplete(text) = state {
            redactor.clean(text);
        }
        if let Some(text) = watermark {
            redactor.clean(text);
        }
        notices.redact(redactor);
        hidden.redact(redactor);
        attributes.redact(redactor);
    }
}

impl Texts for HiddenField {
    fn redact(&mut self, redactor: &Redactor) {
        let Self { name, may_be } = self;
        redactor.clean(name);
        for id in may_be {
            redactor.clean(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "qk7zx4wv9ybj3h8tmpn6rdc5sf";

    fn redactor(secrets: &[&str]) -> Redactor {
        let secrets: Vec<SecretString> = secrets.iter().map(|secret| (*secret).into()).collect();
        Redactor::new(&secrets)
    }

    #[track_caller]
    fn cleaned(secrets: &[&str], text: &str) -> String {
        let mut text = text.to_owned();
        redactor(secrets).clean_for_person(&mut text);
        text
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
        let percent: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for form in [SECRET.to_owned(), SECRET.to_ascii_uppercase(), hex.clone(), hex.to_ascii_uppercase(), percent] {
            for (before, after) in [("", ""), ("the token ", " is wrong"), ("x", "y"), ("é", "é"), ("Bearer ", "")] {
                let expect = format!("{before}[redacted]{after}");
                assert_eq!(cleaned(&[SECRET], &format!("{before}{form}{after}")), expect, "{form}");
            }
        }
        let twice = format!("{SECRET}{SECRET} and {hex}");
        assert_eq!(cleaned(&[SECRET], &twice), "[redacted][redacted] and [redacted]");
    }

    #[test]
    fn a_secret_is_found_in_base64_whatever_is_around_it() {
        for before in ["", "u", "us", "user", "user:"] {
            for after in ["", "\n", ", ", "abc"] {
                let plain = format!("{before}{SECRET}{after}");
                for encoded in [BASE64_STANDARD.encode(&plain), BASE64_URL_SAFE_NO_PAD.encode(&plain)] {
                    let text = cleaned(&[SECRET], &format!("Basic {encoded}!"));
                    assert_eq!(text, "Basic [redacted]!", "{plain:?}");
                }
            }
        }
    }

    #[test]
    fn secrets_with_other_characters_are_found_as_they_are_escaped() {
        let secret = "p\"a/s&s\\w<o>r'd?1~2+3";
        let json = serde_json::to_string(secret).unwrap();
        for form in [
            secret,
            json.trim_matches('"'),
            "p\\\"a\\/s&s\\\\w<o>r'd?1~2+3",
            "p\\u0022a/s\\u0026s\\\\w\\u003co\\u003er\\u0027d?1~2+3",
            "p%22a%2Fs%26s%5Cw%3Co%3Er%27d%3F1~2%2B3",
            "p%22a/s&s%5Cw%3Co%3Er'd%3F1~2+3",
            "p&quot;a/s&amp;s\\w&lt;o&gt;r&#39;d?1~2+3",
        ] {
            assert_eq!(cleaned(&[secret], &format!("it is `{form}`")), "it is `[redacted]`", "{form}");
        }
        let encoded = BASE64_URL_SAFE_NO_PAD.encode("a:?>?>~~\u{7f}?>?>");
        assert_eq!(cleaned(&["?>?>~~\u{7f}?>?>"], &encoded), "[redacted]");
    }

    #[test]
    fn short_secrets_are_found_as_words_and_shorter_ones_not_at_all() {
        for (secret, text, expect) in [
            ("test", "the latest test of tests", "the latest [redacted] of tests"),
            ("hunter2", "Bearer hunter2.", "Bearer [redacted]."),
            ("hunter2", "HUNTER2", "[redacted]"),
            ("hunter2", "hunter23 ahunter2 éhunter2", "hunter23 ahunter2 éhunter2"),
            ("hunter22", "ahunter222", "a[redacted]2"),
            ("abc", "abc", "abc"),
            ("t", "t", "t"),
            ("", "nothing", "nothing"),
        ] {
            assert_eq!(cleaned(&[secret], text), expect, "{secret}");
        }
    }

    #[test]
    fn a_text_that_was_cut_off_loses_what_it_has_of_a_secret() {
        for (length, end, is_taken) in
            [(25, "", true), (25, "…", true), (13, "...", true), (12, "", false), (3, "", false)]
        {
            let head = &SECRET[..length];
            let text = cleaned(&[SECRET], &format!("The server says {head}{end}"));
            assert_eq!(text.contains(head), !is_taken, "{text}");
            assert_eq!(text.ends_with(REDACTED), is_taken, "{text}");
        }
    }

    #[test]
    fn several_secrets_are_searched_for_at_once() {
        let secrets = [SECRET, "hunter2", "swordfish-9000"];
        let text = cleaned(&secrets, &format!("{SECRET}, hunter2, swordfish-9000 and tuna"));
        assert_eq!(text, "[redacted], [redacted], [redacted] and tuna");
        let nobodys = redactor(&[]);
        let mut text = SECRET.to_owned();
        assert!(!nobodys.clean(&mut text) && text == SECRET);
        assert!(!format!("{:?}", redactor(&secrets)).contains("hunter"));
    }

    proptest! {
        /// What is left holds no secret, and everything else is as it was.
        #[test]
        fn only_the_secret_goes(parts in proptest::collection::vec("[a-zéß :/]{0,40}", 1..6)) {
            let text = parts.join(SECRET);
            prop_assert_eq!(cleaned(&[SECRET], &text), parts.join(REDACTED));
        }
    }
}
