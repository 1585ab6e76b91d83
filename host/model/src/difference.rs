//! What differs between two records.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::user::User;

/// A field with two values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Its name as in JSON; an attribute as `attributes.key`.
    pub field: String,
    /// The earlier value, as in JSON; `null` if there was none.
    pub old: Value,
    /// The later value, as in JSON; `null` if there is none.
    pub new: Value,
}

/// The fields of a record by name.
pub fn fields<T: Serialize>(record: &T) -> serde_json::Result<Map<String, Value>> {
    let Value::Object(mut fields) = serde_json::to_value(record)? else { return Ok(Map::new()) };
    if let Some(Value::Object(attributes)) = fields.remove("attributes") {
        fields.extend(attributes.into_iter().map(|(key, value)| (format!("attributes.{key}"), value)));
    }
    Ok(fields)
}

/// The fields in which two records of a user differ, by name.
pub fn differences(old: &User, new: &User) -> Vec<FieldChange> {
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
