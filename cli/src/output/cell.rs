//! Text for a terminal or a file: measured in columns, cut to fit, and free of control characters.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Replaces a character that is not shown.
const HIDDEN: char = '\u{fffd}';

/// The most characters of a value for each column of its cell. Combining marks take no column, so a hostile name could
/// otherwise stack thousands of them in one.
const CHARACTERS_PER_COLUMN: usize = 4;

/// Whether a character could move the cursor, colour the text, or turn the reading direction of the rest of the line:
/// C0, DEL and C1, and what Unicode has for directions, lines and annotations.
pub(super) fn drives_terminal(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200e}' | '\u{200f}' | '\u{061c}'            // direction marks
            | '\u{2028}' | '\u{2029}'                       // line and paragraph separators
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' // embeddings, overrides, isolates, and old shapes of them
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'          // byte order mark, annotations
            | '\u{e0000}'..='\u{e007f}') // invisible tags
}

/// The text on one line: line breaks and tabs become spaces, other characters that could drive a terminal are replaced.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(drives_terminal) {
        return Cow::Borrowed(text);
    }
    let shown = |character| match character {
        '\n' | '\r' | '\t' => ' ',
        hidden if drives_terminal(hidden) => HIDDEN,
        plain => plain,
    };
    Cow::Owned(text.chars().map(shown).collect())
}

/// The text, with spaces behind it up to `columns`. Longer text is whole.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let mut cell = text.to_owned();
    cell.extend(std::iter::repeat_n(' ', columns.saturating_sub(text.width())));
    cell
}

/// How many columns the text takes when it is printed.
pub(crate) fn width(text: &str) -> usize {
    printable(text).width()
}

/// Exactly `columns` wide: longer text is cut and ends in `…`, shorter text is filled with spaces.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    pad(&cut(text, columns), columns)
}

/// At most `columns` wide; longer text is cut and ends in `…`.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    let most = columns.saturating_mul(CHARACTERS_PER_COLUMN);
    let end = text.char_indices().nth(most).map_or(text.len(), |(end, _)| end);
    let (head, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let head = printable(head);
    if rest.is_empty() && head.width() <= columns {
        return head.into_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let mut shown = String::new();
    for character in head.chars() {
        // A joined sequence may be narrower than its characters, so the whole text is measured each time.
        shown.push(character);
        if shown.width() > room {
            shown.pop();
            // Marks that follow belong to the character that was dropped.
            break;
        }
    }
    // A trailing joiner would tie the ellipsis to the sequence before it.
    while shown.ends_with('\u{200d}') {
        shown.pop();
    }
    let blank = shown.chars().next_back().is_some_and(|last| last.width() == Some(1) && last.is_whitespace());
    if blank {
        shown.pop();
    }
    shown.push('…');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, columns: usize, expect: &str) {
        let cell = fit(text, columns);
        assert_eq!(cell, expect, "{text:?} in {columns} columns");
        assert_eq!(cell.width(), columns, "{cell:?} must be {columns} wide");
    }

    #[test]
    fn values_fit_their_column_exactly() {
        check("anna", 6, "anna  ");
        check("anna", 4, "anna");
        check("annabell", 6, "annab…");
        check("", 3, "   ");
        check("a", 0, "");
        check("ab", 1, "…");
    }

    #[test]
    fn wide_characters_take_two_columns_and_are_never_halved() {
        check("山田太郎", 8, "山田太郎");
        check("山田太郎", 7, "山田太…");
        check("山田太郎", 6, "山田… ");
        check("👩‍👩‍👧 Ada", 7, "👩‍👩‍👧 Ada ");
        check("👩‍👩‍👧👩‍👩‍👧", 3, "👩‍👩‍👧…");
    }

    #[test]
    fn combining_marks_stay_with_their_letter() {
        check("e\u{301}te\u{301}", 4, "e\u{301}te\u{301} ");
        check("e\u{301}te\u{301}s", 3, "e\u{301}t…");
        check("ae\u{301}b", 2, "a…");
    }

    #[test]
    fn a_tower_of_marks_is_cut() {
        let tower = format!("z{}", "\u{300}".repeat(5000));
        let cell = fit(&tower, 10);
        assert_eq!(cell.width(), 10);
        assert!(cell.chars().count() < 60, "{} characters", cell.chars().count());
    }

    #[test]
    fn hostile_characters_do_not_reach_the_terminal() {
        check("\u{1b}[2J\u{1b}]0;x\u{7}", 12, "\u{fffd}[2J\u{fffd}]0;x\u{fffd}  ");
        check("a\nb\tc\r", 6, "a b c ");
        check("\u{9b}31m", 5, "\u{fffd}31m ");
        check("x\u{202e}gpj", 6, "x\u{fffd}gpj ");
        assert_eq!(printable("plain"), "plain");
    }
}
