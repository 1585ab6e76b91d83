//! What differs between two records.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::user::User;

/// A field with two values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Its name as in JSON; an attribute as `attributes.key`.
    pub field: String,
    /// The earlier value, as in JSON; `null` where there was none.
    pub old: Value,
    /// The later value, as in JSON; `null` where there is none.
    pub new: Value,
}

/// The fields of a record by name.
pub(crate) fn fields<T: Serialize>(record: &T) -> serde_json::Result<Map<String, Value>> {
    let Value::Object(mut fields) = serde_json::to_value(record)? else { return Ok(Map::new()) };
    if let Some(Value::Object(attributes)) = fields.remove("attributes") {
        fields.extend(attributes.into_iter().map(|(key, value)| (format!("attributes.{key}"), value)));
    }
    Ok(fields)
}

/// The fields in which two records of a user differ, by name.
pub(crate) fn differences(old: &User, new: &User) -> Vec<FieldChange> {
    let (Ok(mut old), Ok(new)) = (fields(old), fields(new)) else { return Vec::new() };
    let mut changes = Vec::new();
    for (field, new) in new {
        let old = old.remove(&field).unwrap_or_default();
        if old != new {
            changes.push(FieldChange { field, old, new });
        }
    }
    changes.extend(old.into_iter().map(|(field, old)| FieldChange { field, old, new: Value::Null }));
    changes.sort_by(|one, other| one.field.cmp(&other.field));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::user;

    #[test]
    fn each_field_that_differs_is_told_with_both_values() {
        let old = user("a", "2020-01-01T00:00:00.000Z");
        let mut new = old.clone();
        assert_eq!(differences(&old, &new), []);
        new.position = Some("Editor".into());
        new.licenses.clear();
        new.attributes = [("auth", "ldap")].into_iter().collect();
        let told: Vec<_> = differences(&old, &new)
            .into_iter()
            .map(|change| format!("{}: {} -> {}", change.field, change.old, change.new))
            .collect();
        let expect = [
            r#"attributes.auth: null -> "ldap""#,
            r#"attributes.locale: "de" -> null"#,
            r#"licenses: [{"assigned_at":null,"license_type":"enterprise"}] -> []"#,
            r#"position: null -> "Editor""#,
        ];
        assert_eq!(told, expect);
    }
}
