//! The fields of a user.

use provider_model::{User, difference};
use provider_testing::samples;

#[test]
fn the_names_of_the_fields_are_those_in_json() {
    let fields = difference::fields(&samples::bare_user("a")).unwrap();
    let (mut found, mut expect): (Vec<_>, Vec<_>) = (fields.keys().cloned().collect(), User::FIELDS.to_vec());
    found.retain(|name| !name.starts_with("attributes"));
    expect.retain(|name| *name != "attributes");
    found.sort();
    expect.sort_unstable();
    assert_eq!(found, expect);
}
