//! Advice about notices and errors that fits the token in use: nobody is advised to use a token that is already in use.

use super::code::{Code, NoticeCode};

/// What the token's account is, as far as advice depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Holder {
    /// A system administrator.
    Administrator,
    /// An account with the read-only administrator role, which the System Console calls Viewer.
    Viewer,
    /// Any other account, or one that is not known.
    #[default]
    Other,
}

impl Holder {
    /// The holder of these system roles, which spaces separate.
    #[must_use]
    pub fn of(roles: &str) -> Self {
        let has = |role: &str| roles.split_ascii_whitespace().any(|name| name == role);
        if has("system_admin") {
            Self::Administrator
        } else if has("system_read_only_admin") {
            Self::Viewer
        } else {
            Self::Other
        }
    }
}

/// What an administrator can do about a notice.
#[must_use]
pub fn fix(code: NoticeCode, holder: Holder) -> &'static str {
    let own = match holder {
        Holder::Administrator => ADMINISTRATORS,
        Holder::Viewer => VIEWERS,
        Holder::Other => &[],
    };
    own.iter().find(|(codes, _)| codes.contains(&code)).map_or(code.entry().fix, |(_, fix)| fix)
}

/// What an administrator can do about an error.
#[must_use]
pub const fn fix_of_error(code: Code, holder: Holder) -> &'static str {
    match (code, holder) {
        (Code::PermissionMissing, Holder::Administrator) => {
            "Look at the permissions of the role system_admin, which somebody may have changed, and at any proxy or gateway in front of the server: it may refuse this request."
        }
        (Code::PermissionMissing, Holder::Viewer) => {
            "Look at the permissions of the Viewer role (System Console > User Management > Delegated Granular Administration), which somebody may have changed, or use a system administrator's token."
        }
        _ => code.entry().fix,
    }
}

/// The token is an administrator's, so another one would not help.
const ADMINISTRATORS: &[(&[NoticeCode], &str)] = &[
    (
        &[NoticeCode::CompletenessUnproven],
        "Servers before 5.26 do not report the number: upgrade. On a later one look at the permissions of the role system_admin, which somebody may have changed.",
    ),
    (
        &[NoticeCode::ActivityReportHidden],
        "The report needs Mattermost 9.11 or later. On an older server leave activity_source at status.",
    ),
    (
        &[NoticeCode::ChangesHidden],
        "Add the token's account to every team: then lists of ids name everybody, on every version. Otherwise this needs Mattermost 9.11 or later; on an older server all users are listed each time.",
    ),
    (&[NoticeCode::SeatsUsedHidden], "Servers before 5.26 do not report it: count the users whose seat is occupied."),
    (
        &[NoticeCode::PartialView, NoticeCode::TeamAdminsHidden, NoticeCode::LimitedView],
        "Look at the permissions of the role system_admin, which somebody may have changed, and at any proxy or gateway in front of the server: it may refuse some requests.",
    ),
    (
        &[NoticeCode::SeatsUnknown, NoticeCode::SeatsIncludeGuests],
        "From Mattermost 11.6 on, guests of a single channel take no seat of a licensed server. Look at any proxy or gateway in front of the server: it may refuse GET /api/v4/reports/users, which lists them.",
    ),
];

/// The token is a Viewer's. By default the role may do all of this, except what only administrators may.
const VIEWERS: &[(&[NoticeCode], &str)] = &[
    (
        &[NoticeCode::CompletenessUnproven],
        "Servers before 5.26 do not report the number: upgrade. On a later one the Viewer role needs read access to User Management > Users (System Console > User Management > Delegated Granular Administration), or use a system administrator's token.",
    ),
    (
        &[NoticeCode::ActivityReportHidden],
        "The report needs Mattermost 9.11 or later, and for a Viewer read access to User Management > Users (System Console > User Management > Delegated Granular Administration). Otherwise leave activity_source at status.",
    ),
    (
        &[NoticeCode::ChangesHidden],
        "Add the token's account, and every bot, to a common team: then lists of ids name everybody, on every version. Otherwise this needs Mattermost 9.11 or later, and only system administrators see which bots are new.",
    ),
    (
        &[NoticeCode::SeatsUsedHidden],
        "Servers before 5.26 do not report it: count the users whose seat is occupied. On a later one use a system administrator's token.",
    ),
    (
        &[NoticeCode::LimitedView],
        "The server's privacy settings hide data from a Viewer: use a system administrator's token, or turn on Show Email Address and Show Full Name in System Console > Site Configuration > Users and Teams.",
    ),
    (
        &[NoticeCode::SeatsUnknown, NoticeCode::SeatsIncludeGuests],
        "From Mattermost 11.6 on, guests of a single channel take no seat of a licensed server. To see who they are, give the Viewer role read access to User Management > Users, or use a system administrator's token.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_advised_to_use_the_token_in_use() {
        for code in NoticeCode::ALL {
            let (administrator, viewer) = (fix(*code, Holder::Administrator), fix(*code, Holder::Viewer));
            let offers_viewer = |text: &str| text.contains("read-only administrator role");
            assert!(!offers_viewer(viewer), "{code:?}: {viewer}");
            assert!(!offers_viewer(administrator), "{code:?}: {administrator}");
            assert_eq!(fix(*code, Holder::Other), code.entry().fix);
        }
        for code in Code::ALL {
            let [other, viewer, administrator] =
                [Holder::Other, Holder::Viewer, Holder::Administrator].map(|holder| fix_of_error(*code, holder));
            assert!(!viewer.contains("read-only administrator role"), "{code:?}: {viewer}");
            assert!(!administrator.contains("a system administrator"), "{code:?}: {administrator}");
            assert_eq!(other, code.entry().fix);
        }
    }

    #[test]
    fn the_highest_role_decides() {
        for (roles, holder) in [
            ("system_user system_admin", Holder::Administrator),
            ("system_read_only_admin system_admin", Holder::Administrator),
            ("system_user system_read_only_admin", Holder::Viewer),
            ("system_user system_read_only_administrator", Holder::Other),
            ("system_guest", Holder::Other),
            ("", Holder::Other),
        ] {
            assert_eq!(Holder::of(roles), holder, "{roles}");
        }
    }
}
