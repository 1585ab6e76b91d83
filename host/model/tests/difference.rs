//! How two records of a user differ.

use provider_model::difference::differences;
use provider_testing::samples::user;

#[test]
fn each_field_that_differs_is_listed_with_both_values() {
    let old = user("a", "2020-01-01T00:00:00.000Z");
    let mut new = old.clone();
    assert_eq!(differences(&old, &new), []);
    new.position = Some("Editor".into());
    new.licenses.clear();
    new.attributes = [("auth", "ldap")].into_iter().collect();
    let found: Vec<_> = differences(&old, &new)
        .into_iter()
        .map(|change| format!("{}: {} -> {}", change.field, change.old, change.new))
        .collect();
    let expect = [
        r#"attributes.auth: null -> "ldap""#,
        r#"attributes.locale: "de" -> null"#,
        r#"licenses: [{"assigned_at":null,"license_type":"enterprise"}] -> []"#,
        r#"position: null -> "Editor""#,
    ];
    assert_eq!(found, expect);
}
