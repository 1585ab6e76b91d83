//! The text form of a change on a simulated server: `rename=5:zoe,after=3`.

use std::str::FromStr;

use mattermost_simulator::{Change, ChangeKind, Matcher};

use crate::fault::number;

/// The requests that count if the argument names none: the pages of the list.
const PAGES: &str = "/api/v4/users?page=";

/// A change as `--change` takes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChangeArgument(pub(crate) Change);

impl FromStr for ChangeArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut what, mut on, mut after) = (None, PAGES.to_owned(), 0);
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name {
                "on" => value.clone_into(&mut on),
                "after" => after = number(name, value)?,
                _ => {
                    if what.replace(kind(name, value)?).is_some() {
                        return Err("one change has one kind".to_owned());
                    }
                }
            }
        }
        let what = what.ok_or("it has no kind, such as delete=5")?;
        Ok(Self(Change { after, on: Matcher::from(on.as_str()), what }))
    }
}

fn kind(name: &str, value: &str) -> Result<ChangeKind, String> {
    let place = || number(name, value);
    match name {
        "create" if value.is_empty() => Err("create takes a username".to_owned()),
        "create" => Ok(ChangeKind::Create { username: value.to_owned() }),
        "rename" => {
            let (place, username) = value.split_once(':').ok_or("rename takes PLACE:USERNAME")?;
            Ok(ChangeKind::Rename { place: number(name, place)?, username: username.to_owned() })
        }
        "join" | "leave" => {
            let (place, team) = value.split_once(':').ok_or_else(|| format!("{name} takes PLACE:TEAM"))?;
            let (place, team) = (number(name, place)?, number(name, team)?);
            Ok(if name == "join" {
                ChangeKind::JoinTeam { place, team }
            } else {
                ChangeKind::LeaveTeam { place, team }
            })
        }
        "leave-channel" => Ok(ChangeKind::LeaveChannel { place: place()? }),
        "guest" => Ok(ChangeKind::MakeGuest { place: place()? }),
        "sign-in" => Ok(ChangeKind::SignIn { place: place()? }),
        "orphan" => Ok(ChangeKind::Orphan { place: place()? }),
        "deactivate" => Ok(ChangeKind::Deactivate { place: place()? }),
        "reactivate" => Ok(ChangeKind::Reactivate { place: place()? }),
        "delete" => Ok(ChangeKind::Delete { place: place()? }),
        _ => Err(format!("unknown change {name}; see providerctl simulate --help")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read() {
        let username = || "zoe".to_owned();
        let cases = [
            ("create=zoe", 0, PAGES, ChangeKind::Create { username: username() }),
            ("rename=5:zoe,after=3", 3, PAGES, ChangeKind::Rename { place: 5, username: username() }),
            ("on=/status/ids,deactivate=7", 0, "/status/ids", ChangeKind::Deactivate { place: 7 }),
            ("reactivate=7", 0, PAGES, ChangeKind::Reactivate { place: 7 }),
            ("join=5:2", 0, PAGES, ChangeKind::JoinTeam { place: 5, team: 2 }),
            ("leave=5:2,on=/users/known", 0, "/users/known", ChangeKind::LeaveTeam { place: 5, team: 2 }),
            ("leave-channel=1", 0, PAGES, ChangeKind::LeaveChannel { place: 1 }),
            ("guest=1", 0, PAGES, ChangeKind::MakeGuest { place: 1 }),
            ("sign-in=1", 0, PAGES, ChangeKind::SignIn { place: 1 }),
            ("orphan=1", 0, PAGES, ChangeKind::Orphan { place: 1 }),
            ("after=1,delete=0", 1, PAGES, ChangeKind::Delete { place: 0 }),
        ];
        for (text, after, on, what) in cases {
            assert_eq!(text.parse(), Ok(ChangeArgument(Change { after, on: Matcher::from(on), what })), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "after=1",
            "create=",
            "rename=5",
            "rename=x:zoe",
            "join=5",
            "leave=5:x",
            "delete=",
            "delete=1,create=x",
            "explode",
        ] {
            assert!(text.parse::<ChangeArgument>().is_err(), "{text:?}");
        }
    }
}
