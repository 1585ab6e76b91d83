//! The page as text, with hostile names, and of twenty thousand accounts.

use super::super::facts::{About, Completeness, Earlier};
use super::super::samples::{as_of, days_ago, member, never, roles};
use super::*;
use crate::exit::Complaint;
use crate::output::samples::license;
use provider_host::model::{ActivityKnowledge, HiddenField, Quantity, UserKind};

fn facts(users: Vec<User>) -> Facts {
    Facts {
        about: About {
            product: "Mattermost".into(),
            product_version: Some("11.6.0".into()),
            server: "https://chat.example.com".into(),
            provider: "mattermost 0.1.0".into(),
            roles: roles(),
        },
        as_of: as_of(),
        completeness: Completeness { is_complete: true, reason: None, counted: u32::try_from(users.len()).ok() },
        users,
        licenses: Licenses::Read(vec![License {
            seats_purchased: Quantity::Limited(2_000),
            seats_used: Quantity::Limited(1_704),
            licensee: Some("Example & Co".into()),
            expires_at: Some("2027-01-31T00:00:00.000Z".into()),
            ..license()
        }]),
        notices: Vec::new(),
        hidden: Vec::new(),
        earlier: None,
    }
}

fn html(facts: &Facts, beside: Beside) -> String {
    page(facts, &Figures::of(facts), beside).unwrap()
}

/// Texts that would be markup, end an attribute, turn the direction, or control something.
const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"onload=\"alert(1)",
    "'><img src=x onerror=alert(1)>",
    "</title></style></svg><script src=//x.example></script>",
    "&lt;b&gt; & \u{202e}gpj.exe",
    "a\u{0}b\u{1b}[31m\u{9b}m\u{2028}\r\n",
    "{{ users }} {% include \"x\" %}",
    "javascript:alert(1)",
];

/// The names of all elements of a page, and of all attributes with quotes.
fn markup(html: &str) -> (Vec<String>, usize) {
    let mut elements: Vec<String> = html
        .split('<')
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '!')).collect())
        .collect();
    elements.sort_unstable();
    elements.dedup();
    (elements, html.matches('"').count())
}

/// A report in which every text of the server is this one.
fn report_of(text: &str) -> Facts {
    let user = |id: &str, kind, role: &str| User {
        id: id.into(),
        username: text.into(),
        email: Some(text.into()),
        first_name: Some(text.into()),
        last_name: Some(text.into()),
        kind,
        role: role.into(),
        attributes: [("runs-teams".to_owned(), text.replace(',', " "))].into_iter().collect(),
        ..days_ago("x", 400)
    };
    let mut facts = facts(vec![
        user("1", UserKind::Member, "system-admin"),
        User { activity: ActivityKnowledge::Unknown, ..user("2", UserKind::Guest, text) },
    ]);
    facts.about = About {
        product: text.into(),
        product_version: Some(text.into()),
        server: text.into(),
        provider: text.into(),
        roles: vec![],
    };
    facts.completeness.reason = Some(text.into());
    let notice = Notice {
        code: text.into(),
        severity: Severity::Warning,
        message: text.into(),
        fix: Some(text.into()),
        fields: Vec::new(),
        count: None,
        subjects: Vec::new(),
        params: Default::default(),
    };
    facts.notices = vec![notice.clone()];
    facts.hidden = vec![HiddenField { name: text.into(), may_be: Vec::new() }];
    if let Licenses::Read(licenses) = &mut facts.licenses {
        for license in licenses {
            license.name = text.into();
            license.license_type = text.into();
            license.licensee = Some(text.into());
            license.starts_at = Some(text.into());
            license.expires_at = Some(text.into());
            license.notices = vec![notice.clone()];
        }
    }
    facts.earlier = Some(Earlier {
        users: vec![User { role: "member".into(), ..facts.users[0].clone() }, user("3", UserKind::Member, text)],
        as_of: Some(text.into()),
    });
    facts
}

#[test]
fn texts_of_a_server_are_never_markup() {
    let plain = markup(&html(&report_of("x y"), Beside::Files));
    for text in HOSTILE {
        let page = html(&report_of(text), Beside::Files);
        assert_eq!(markup(&page), plain, "{text}");
        let drives = |c: char| c != '\n' && (c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c));
        assert!(!page.contains(drives), "{text:?}");
        assert!(!page.contains("href=\"javascript"), "{text}");
    }
    let page = html(&report_of("<script>alert(1)</script>"), Beside::Files);
    assert!(page.contains("&#60;script&#62;alert(1)&#60;/script&#62;"), "{page}");
}

#[test]
fn a_page_needs_no_script_and_no_network() {
    let page = html(&report_of("x"), Beside::Files);
    assert!(page.contains("default-src 'none'"));
    for part in ["<script", "src=", "@import", "url(", "<link", "<iframe", "http-equiv=\"refresh"] {
        assert!(!page.contains(part), "{part}");
    }
    let handlers =
        page.split(" on").skip(1).filter(|rest| rest.trim_start_matches(char::is_alphabetic).starts_with('='));
    assert_eq!(handlers.count(), 0);
    for link in page.split("href=\"").skip(1) {
        assert!(["users.csv\"", "users.ndjson\"", "idle-seats.csv\""].iter().any(|file| link.starts_with(file)));
    }
}

/// A generated server: a third of the seats are idle, every fiftieth account is a guest.
fn many(users: u32) -> Facts {
    let user = |number: u32| {
        let days = i64::from(number % 400);
        User {
            id: format!("{number:026}"),
            username: format!("bababa.{number}"),
            email: Some(format!("bababa.{number}@corp.example.com")),
            first_name: Some("Nguyễn Ελένη".into()),
            last_name: Some("Παπαδόπουλος-Lindqvist".into()),
            kind: if number.is_multiple_of(50) { UserKind::Guest } else { UserKind::Member },
            role: if number.is_multiple_of(100) { "team-admin".into() } else { "member".into() },
            seat: if number.is_multiple_of(9) { SeatUse::Free } else { SeatUse::Occupied },
            ..days_ago("x", days)
        }
    };
    facts((0..users).map(user).collect())
}

#[test]
fn a_page_is_bounded_and_says_what_it_leaves_out() {
    let users = many(20_000);
    let idle = Figures::of(&users).seats.idle_holders.len();
    let left_out = format!("{} more are not on this page", number(count_of(idle - MOST_IDLE)));
    let cases = [
        (Beside::Files, "; idle-seats.csv beside it has all."),
        (Beside::Nothing, ". A report in a folder (--out FOLDER/) has all, in idle-seats.csv."),
    ];
    for (beside, place) in cases {
        let page = html(&users, beside);
        assert!(page.len() < 5_000_000, "{} bytes", page.len());
        assert!(page.contains(&format!("{left_out}{place}")), "{beside:?}");
    }
    let small = many(300);
    let page = html(&small, Beside::Nothing);
    assert!(!page.contains("not on this page"));
    for holder in Figures::of(&small).seats.idle_holders {
        assert!(page.contains(&format!("<bdi>{}</bdi>", holder.user.username)), "{}", holder.user.username);
    }
}

/// The text of a page, a line for each row and paragraph.
fn text(html: &str) -> String {
    let body = html.split("<body>").nth(1).unwrap();
    let mut text = String::new();
    let mut rest = body;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let (tag, behind) = tag.split_once('>').unwrap();
        let name: String = tag.chars().take_while(|c| !c.is_whitespace()).collect();
        match name.as_str() {
            "svg" => rest = behind.split_once("</svg>").unwrap().1,
            "/td" | "/th" | "/dt" | "small" | "em" => {
                text.push_str(" | ");
                rest = behind;
            }
            "/tr" | "/p" | "/h1" | "/h2" | "/h3" | "/li" | "/div" | "/caption" | "/summary" => {
                text.push('\n');
                rest = behind;
            }
            _ => rest = behind,
        }
    }
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines = text.lines().map(words).map(|line| line.trim_end_matches(" |").to_owned());
    lines.filter(|line| !line.is_empty()).map(|line| line + "\n").collect()
}

fn sample() -> Facts {
    let mut facts = facts(vec![
        User { role: "system-admin".into(), first_name: Some("Zoë".into()), ..member("zoe") },
        User {
            role: "team-admin".into(),
            attributes: [("runs-teams".to_owned(), "alpha,beta".to_owned())].into_iter().collect(),
            ..days_ago("tina", 40)
        },
        days_ago("anna", 100),
        never("new", 3),
        never("nora", 500),
        User { activity: ActivityKnowledge::Unknown, last_activity_at: None, ..member("hidden") },
        User { kind: UserKind::Guest, role: "guest".into(), ..days_ago("gail", 200) },
        User { kind: UserKind::Guest, role: "guest".into(), seat: SeatUse::Free, ..days_ago("greg", 1) },
        User { kind: UserKind::Bot, seat: SeatUse::Free, ..days_ago("bot", 1) },
        User { status: UserStatus::Deactivated, seat: SeatUse::Free, ..days_ago("gone", 900) },
    ]);
    facts.notices = vec![Notice {
        code: "emails-hidden".into(),
        severity: Severity::Warning,
        message: "E-mail addresses are hidden.".into(),
        fix: Some("Show them.".into()),
        fields: Vec::new(),
        count: None,
        subjects: Vec::new(),
        params: Default::default(),
    }];
    facts.hidden = vec![HiddenField { name: "email".into(), may_be: Vec::new() }];
    facts
}

#[test]
fn the_report_reads_like_this() {
    let mut facts = sample();
    facts.earlier = Some(Earlier {
        users: vec![days_ago("anna", 90), member("tina"), member("left"), member("zoe")],
        as_of: Some("2026-10-24T00:00:00.000Z".into()),
    });
    insta::assert_snapshot!("report", text(&html(&facts, Beside::Files)));
}

#[test]
fn what_is_not_known_is_said() {
    let mut facts = sample();
    facts.licenses = Licenses::Failed(Complaint::new("not-allowed", "The token may not read them.").fix("Allow it."));
    facts.completeness = Completeness { is_complete: false, reason: Some("count-differs".into()), counted: Some(12) };
    facts.about.product_version = None;
    let text = text(&html(&facts, Beside::Nothing));
    for part in [
        "Incomplete: accounts may be missing (count-differs). 10 accounts listed; the server counts 12.",
        "unknown of unknown",
        "not-allowed The licences could not be read: The token may not read them. What helps: Allow it.",
        "Mattermost version not known",
        "1 account holds a seat, and their last activity is hidden",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    facts.licenses = Licenses::Read(Vec::new());
    assert!(html(&facts, Beside::Nothing).contains("The server has no licence."));
}
