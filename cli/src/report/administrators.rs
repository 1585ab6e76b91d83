//! Who administers what.
//!
//! No rule of a product is here: a role is administrative if its id says so, and what an account runs is in its attributes
//! whose keys begin with `runs-`, as in `runs-teams`.

use std::collections::BTreeMap;

use provider_host::model::{Term, User, UserStatus};

/// An account with an administrative role, or one that runs something.
pub(crate) struct Administrator<'a> {
    /// The account.
    pub(crate) user: &'a User,
    /// Its role, for a person.
    pub(crate) role: &'a str,
    /// What it runs, by name.
    pub(crate) runs: Vec<&'a str>,
}

/// Something that is run by accounts, such as a team.
pub(crate) struct Domain<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Who runs it, by username.
    pub(crate) by: Vec<&'a User>,
}

/// Who administers what.
pub(crate) struct Administrators<'a> {
    /// The accounts, the highest role first, then by username.
    pub(crate) accounts: Vec<Administrator<'a>>,
    /// What they run, by name.
    pub(crate) domains: Vec<Domain<'a>>,
    /// How many of the accounts are deactivated.
    pub(crate) deactivated: u64,
}

/// The beginning of the key of an attribute that names what an account runs.
const RUNS: &str = "runs-";

/// Words in the id of an administrative role.
const WORDS: [&str; 5] = ["admin", "administrator", "manager", "moderator", "owner"];

impl<'a> Administrators<'a> {
    /// Who of these accounts administers what.
    pub(crate) fn of(users: &'a [User], roles: &'a [Term]) -> Self {
        let mut accounts: Vec<Administrator<'a>> = users.iter().filter_map(|user| administrator(user, roles)).collect();
        let rank = |user: &User| roles.iter().position(|role| role.id == user.role).unwrap_or(roles.len());
        accounts.sort_by(|a, b| {
            rank(a.user)
                .cmp(&rank(b.user))
                .then_with(|| (&a.user.username, &a.user.id).cmp(&(&b.user.username, &b.user.id)))
        });
        let mut domains: BTreeMap<&str, Vec<&User>> = BTreeMap::new();
        for account in &accounts {
            for name in &account.runs {
                domains.entry(name).or_default().push(account.user);
            }
        }
        let by_name = |(name, mut by): (&'a str, Vec<&'a User>)| {
            by.sort_by(|a, b| (&a.username, &a.id).cmp(&(&b.username, &b.id)));
            Domain { name, by }
        };
        let domains = domains.into_iter().map(by_name).collect();
        let deactivated = accounts.iter().filter(|it| it.user.status == UserStatus::Deactivated);
        let deactivated = u64::try_from(deactivated.count()).unwrap_or(u64::MAX);
        Self { accounts, domains, deactivated }
    }
}

fn administrator<'a>(user: &'a User, roles: &'a [Term]) -> Option<Administrator<'a>> {
    let listed =
        user.attributes.iter().filter(|(key, _)| key.starts_with(RUNS)).flat_map(|(_, names)| names.split(','));
    let runs: Vec<&str> = listed.map(str::trim).filter(|name| !name.is_empty()).collect();
    let is_administrative = user.role.split('-').any(|word| WORDS.contains(&word));
    let role = roles.iter().find(|role| role.id == user.role).map_or(user.role.as_str(), |role| role.label.as_str());
    (is_administrative || !runs.is_empty()).then_some(Administrator { user, role, runs })
}

#[cfg(test)]
mod tests {
    use super::super::samples::{member, roles};
    use super::*;

    #[test]
    fn roles_and_teams_say_who_administers_what() {
        let runs = |teams: &str| [("runs-teams".to_owned(), teams.to_owned())].into_iter().collect();
        let users = [
            User { role: "team-admin".into(), attributes: runs("beta,alpha"), ..member("tina") },
            User { role: "system-admin".into(), attributes: runs("alpha"), ..member("zoe") },
            User { role: "system-admin".into(), status: UserStatus::Deactivated, ..member("adam") },
            member("anna"),
            // A member of whom the product says that it runs something.
            User { attributes: runs(" gamma ,,"), ..member("mia") },
            User { role: "badminton-player".into(), ..member("bob") },
        ];
        let roles = roles();
        let found = Administrators::of(&users, &roles);
        let accounts: Vec<_> =
            found.accounts.iter().map(|it| (it.user.username.as_str(), it.role, it.runs.join(" "))).collect();
        let expect = [
            ("adam", "System Admin", ""),
            ("zoe", "System Admin", "alpha"),
            ("tina", "Team Admin", "beta alpha"),
            ("mia", "Member", "gamma"),
        ];
        assert_eq!(accounts, expect.map(|(name, role, runs)| (name, role, runs.to_owned())));
        let domains: Vec<_> = found
            .domains
            .iter()
            .map(|it| (it.name, it.by.iter().map(|user| user.username.as_str()).collect::<Vec<_>>()))
            .collect();
        assert_eq!(domains, [("alpha", vec!["tina", "zoe"]), ("beta", vec!["tina"]), ("gamma", vec!["mia"])]);
        assert_eq!(found.deactivated, 1);
    }
}
