//! What the addresses of a Mattermost server look like.

use provider_sdk::base_url::Site;

/// The paths of the API and the pages, and the segments between a team and one of its channels, conversations or
/// messages in a link.
pub const SITE: Site = Site {
    api: "/api/v4",
    pages: &[
        "login",
        "admin_console",
        "select_team",
        "create_team",
        "signup_user_complete",
        "signup_email",
        "reset_password",
        "landing",
    ],
    behind_a_name: &["channels", "messages", "pl"],
};

#[cfg(test)]
mod tests {
    use super::*;
    use provider_sdk::base_url::BaseUrl;

    #[test]
    fn a_link_into_the_product_becomes_the_url_of_the_installation() {
        for (path, expect) in [
            ("/api/v4", None),
            ("/company/api/v4/", None),
            ("/channels/chat", None),
            ("/team/channels", None),
            ("/api/v4/users", Some("")),
            ("/company/api/v4/users/me", Some("/company")),
            ("/login", Some("")),
            ("/landing", Some("")),
            ("/reset_password", Some("")),
            ("/signup_email", Some("")),
            ("/signup_user_complete", Some("")),
            ("/create_team", Some("")),
            ("/company/select_team", Some("/company")),
            ("/admin_console/about/license", Some("")),
            ("/team/channels/town-square", Some("")),
            ("/team/messages/@zoe", Some("")),
            ("/team/pl/6eo7ykpcdbn6trg8dr9xawm4mo/", Some("")),
            ("/company/team/channels/off-topic", Some("/company")),
        ] {
            let read = BaseUrl::parse(&alloc::format!("https://chat.example.com{path}"), &SITE);
            let instead = read.err().map(|wrong| wrong.instead.unwrap_or_default());
            assert_eq!(instead, expect.map(|path| ["https://chat.example.com", path].concat()), "{path}");
        }
    }
}
