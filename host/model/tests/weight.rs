//! What a record weighs.

use provider_model::weight::{notice, user};
use provider_model::{Assignment, Notice, User};
use provider_testing::samples;

#[test]
fn every_text_of_a_user_counts() {
    let bare = samples::bare_user("a");
    let full = User {
        email: Some("e".repeat(100)),
        roles: vec!["r".repeat(100)],
        licenses: vec![Assignment { license_type: "l".repeat(100), assigned_at: Some("a".repeat(100)) }],
        attributes: [("k".repeat(100), "v".repeat(100))].into_iter().collect(),
        ..bare.clone()
    };
    assert_eq!(user(&full) - user(&bare), 600 + 8 + 20 + 16);
}

#[test]
fn every_text_of_a_notice_counts() {
    let bare = samples::notice("", &[]);
    let full = Notice {
        code: "c".repeat(100),
        message: bare.message.clone() + &"m".repeat(100),
        fix: Some("f".repeat(100)),
        fields: vec!["f".repeat(100)],
        subjects: vec!["s".repeat(100)],
        params: [("k".repeat(100), "v".repeat(100))].into_iter().collect(),
        ..bare.clone()
    };
    assert_eq!(notice(&full) - notice(&bare), 700 + 5 * 24);
}
