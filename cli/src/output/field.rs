//! The fields of a user by name: for columns, for JSON and for sorting.

use std::io;
use std::str::FromStr;

use provider_host::model::{ActivityKnowledge, User};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::exact;
use super::words::{day, full_name, last_use};

/// A field of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Id,
    Username,
    /// First and last name.
    Name,
    Email,
    FirstName,
    LastName,
    Status,
    Kind,
    Role,
    Roles,
    Seat,
    Licenses,
    Position,
    CreatedAt,
    DeactivatedAt,
    Activity,
    LastActivityAt,
    /// All attributes.
    Attributes,
    /// The attribute of this key.
    Attribute(String),
}

impl Field {
    /// Those of the contract, in its order.
    pub(crate) const OF_CONTRACT: [Self; 17] = [
        Self::Id,
        Self::Username,
        Self::Email,
        Self::FirstName,
        Self::LastName,
        Self::Status,
        Self::Kind,
        Self::Role,
        Self::Roles,
        Self::Seat,
        Self::Licenses,
        Self::Position,
        Self::CreatedAt,
        Self::DeactivatedAt,
        Self::Activity,
        Self::LastActivityAt,
        Self::Attributes,
    ];

    /// The names of all fields, for a person.
    pub(crate) fn names() -> String {
        let mut names: Vec<_> = Self::OF_CONTRACT.iter().map(Self::name).collect();
        names.extend(["name".to_owned(), format!("{ATTRIBUTE}KEY")]);
        names.join(", ")
    }

    /// Its name, as in JSON and in CSV.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Id => "id",
            Self::Username => "username",
            Self::Name => "name",
            Self::Email => "email",
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::Status => "status",
            Self::Kind => "kind",
            Self::Role => "role",
            Self::Roles => "roles",
            Self::Seat => "seat",
            Self::Licenses => "licenses",
            Self::Position => "position",
            Self::CreatedAt => "created_at",
            Self::DeactivatedAt => "deactivated_at",
            Self::Activity => "activity",
            Self::LastActivityAt => "last_activity_at",
            Self::Attributes => "attributes",
            Self::Attribute(key) => return format!("{ATTRIBUTE}{key}"),
        }
        .to_owned()
    }

    /// Its title in a table.
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other field is called by its name")]
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Email => "e-mail".to_owned(),
            Self::LastActivityAt => "last active".to_owned(),
            Self::CreatedAt => "created".to_owned(),
            Self::DeactivatedAt => "deactivated".to_owned(),
            Self::Attribute(key) => key.replace('-', " "),
            other => other.name().replace('_', " "),
        }
    }

    /// The width that its column gets, if its values need it, before another column is dropped, and the most that is reserved for
    /// it. Fixed columns fit their longest value.
    pub(crate) const fn widths(&self) -> (usize, usize) {
        match self {
            Self::Username | Self::Email => (32, 64),
            Self::Name => (24, 48),
            Self::FirstName | Self::LastName | Self::Position | Self::Attribute(_) => (16, 48),
            Self::Id => (26, 48),
            Self::Role => (12, 12),
            Self::Status | Self::LastActivityAt | Self::DeactivatedAt => (11, 11),
            Self::Seat | Self::Activity => (8, 8),
            Self::Kind => (6, 6),
            Self::CreatedAt => (10, 10),
            Self::Roles | Self::Licenses | Self::Attributes => (24, 80),
        }
    }

    /// Its value as text, exactly: empty if it is unknown; lists are separated by spaces.
    pub(crate) fn text(&self, user: &User) -> io::Result<String> {
        let optional = |value: &Option<String>| value.clone().unwrap_or_default();
        Ok(match self {
            Self::Id => user.id.clone(),
            Self::Username => user.username.clone(),
            Self::Name => full_name(user),
            Self::Email => optional(&user.email),
            Self::FirstName => optional(&user.first_name),
            Self::LastName => optional(&user.last_name),
            Self::Status => user.status.as_str().to_owned(),
            Self::Kind => user.kind.as_str().to_owned(),
            Self::Role => user.role.clone(),
            Self::Roles => user.roles.join(" "),
            Self::Seat => user.seat.as_str().to_owned(),
            Self::Licenses => user.licenses.iter().map(|held| held.license_type.as_str()).collect::<Vec<_>>().join(" "),
            Self::Position => optional(&user.position),
            Self::CreatedAt => optional(&user.created_at),
            Self::DeactivatedAt => optional(&user.deactivated_at),
            Self::Activity => user.activity.as_str().to_owned(),
            Self::LastActivityAt => optional(&user.last_activity_at),
            Self::Attributes => {
                let mut attributes = Vec::new();
                exact::push(&user.attributes, &mut attributes)?;
                String::from_utf8(attributes).map_err(io::Error::other)?
            }
            Self::Attribute(key) => user.attributes.get(key).unwrap_or_default().to_owned(),
        })
    }

    /// Its value in a table: of an instant the day, of the last activity also whether it is known.
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other field is shown as its text")]
    pub(crate) fn cell(&self, user: &User) -> io::Result<String> {
        Ok(match self {
            Self::LastActivityAt => last_use(user),
            Self::CreatedAt | Self::DeactivatedAt => day(&self.text(user)?),
            other => other.text(user)?,
        })
    }

    /// What users are sorted by; `None` if it is unknown. Case makes no difference. Who was never used comes before who was.
    pub(crate) fn sort_key(&self, user: &User) -> Option<String> {
        if matches!(self, Self::LastActivityAt) && user.activity == ActivityKnowledge::Never {
            return Some(String::new());
        }
        let text = self.text(user).ok()?;
        (!text.is_empty()).then(|| text.to_lowercase())
    }

    /// Appends it to a JSON object, as a record has it.
    fn serialize<M: SerializeMap>(&self, user: &User, map: &mut M) -> Result<(), M::Error> {
        let name = &self.name();
        match self {
            Self::Id => map.serialize_entry(name, &user.id),
            Self::Username => map.serialize_entry(name, &user.username),
            Self::Name => map.serialize_entry(name, &Some(full_name(user)).filter(|name| !name.is_empty())),
            Self::Email => map.serialize_entry(name, &user.email),
            Self::FirstName => map.serialize_entry(name, &user.first_name),
            Self::LastName => map.serialize_entry(name, &user.last_name),
            Self::Status => map.serialize_entry(name, &user.status),
            Self::Kind => map.serialize_entry(name, &user.kind),
            Self::Role => map.serialize_entry(name, &user.role),
            Self::Roles => map.serialize_entry(name, &user.roles),
            Self::Seat => map.serialize_entry(name, &user.seat),
            Self::Licenses => map.serialize_entry(name, &user.licenses),
            Self::Position => map.serialize_entry(name, &user.position),
            Self::CreatedAt => map.serialize_entry(name, &user.created_at),
            Self::DeactivatedAt => map.serialize_entry(name, &user.deactivated_at),
            Self::Activity => map.serialize_entry(name, &user.activity),
            Self::LastActivityAt => map.serialize_entry(name, &user.last_activity_at),
            Self::Attributes => map.serialize_entry(name, &user.attributes),
            Self::Attribute(key) => map.serialize_entry(name, &user.attributes.get(key)),
        }
    }
}

/// What a name of a single attribute begins with.
const ATTRIBUTE: &str = "attributes.";

impl FromStr for Field {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if let Some(key) = name.strip_prefix(ATTRIBUTE).filter(|key| !key.is_empty()) {
            return Ok(Self::Attribute(key.to_owned()));
        }
        let plain = name.replace('-', "_");
        let known = Self::OF_CONTRACT.into_iter().chain([Self::Name]).find(|field| field.name() == plain);
        known.ok_or_else(|| format!("the fields are {}", Self::names()))
    }
}

/// Names of fields, separated by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(pub(crate) Vec<Field>);

impl FromStr for Fields {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',').map(|name| name.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

/// Some fields of a user as a JSON object, in their order.
pub(crate) struct Picked<'a> {
    pub(crate) user: &'a User,
    pub(crate) fields: &'a [Field],
}

impl Serialize for Picked<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        self.fields.iter().try_for_each(|field| field.serialize(self.user, &mut map))?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{anna, bare};
    use super::*;

    #[test]
    fn the_contracts_fields_have_its_names_and_values_in_its_order() {
        assert_eq!(Field::OF_CONTRACT.map(|field| field.name()), User::FIELDS.map(str::to_owned));
        for user in [anna(), bare()] {
            let picked = Picked { user: &user, fields: &Field::OF_CONTRACT };
            assert_eq!(serde_json::to_string(&picked).unwrap(), serde_json::to_string(&user).unwrap());
        }
    }

    #[test]
    fn a_field_is_found_by_its_name() {
        let cases = [
            ("email", Some(Field::Email)),
            ("last_activity_at", Some(Field::LastActivityAt)),
            ("last-activity-at", Some(Field::LastActivityAt)),
            ("name", Some(Field::Name)),
            ("attributes", Some(Field::Attributes)),
            ("attributes.auth-id", Some(Field::Attribute("auth-id".into()))),
            ("attributes.", None),
            ("Email", None),
            ("", None),
        ];
        for (name, field) in cases {
            assert_eq!(name.parse::<Field>().ok(), field, "{name:?}");
        }
        assert!("mail".parse::<Field>().unwrap_err().contains("email, first_name"));
    }

    #[test]
    fn each_field_has_a_text_a_cell_and_a_value() {
        let fields = ["name", "created_at", "last_activity_at", "roles", "attributes.auth", "deactivated_at"];
        let fields = fields.map(|name| name.parse::<Field>().unwrap());
        let (anna, bare) = (anna(), bare());
        let cells = |user| fields.clone().map(|field| field.cell(user).unwrap());
        assert_eq!(cells(&anna), ["Anna Berg", "2024-01-02", "2026-11-23", "system_user system_admin", "ldap", ""]);
        assert_eq!(cells(&bare), ["", "", "never", "", "", "2026-01-01"]);
        let json = |user| serde_json::to_string(&Picked { user, fields: &fields }).unwrap();
        assert_eq!(
            json(&anna),
            r#"{"name":"Anna Berg","created_at":"2024-01-02T03:04:05.000Z","last_activity_at":"2026-11-23T22:00:00.000Z","roles":["system_user","system_admin"],"attributes.auth":"ldap","deactivated_at":null}"#
        );
        assert!(json(&bare).starts_with(r#"{"name":null,"created_at":null,"last_activity_at":null,"roles":[],"#));
    }
}
