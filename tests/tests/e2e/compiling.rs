//! How far the built component is from each bound on what is compiled.
#![expect(clippy::print_stdout, reason = "how far it is from each bound is printed")]

use provider_host::{ComponentBound, ComponentBounds};

use end_to_end::components::bytes;

/// Run with `--nocapture` it prints the table.
#[test]
fn the_built_component_is_four_times_inside_each_bound() {
    let bounds = ComponentBounds::default();
    let found = bounds.check(&bytes("mattermost")).unwrap();
    println!("{:<20} {:>12} {:>12} {:>8}", "bound", "component", "limit", "times");
    let mut near = Vec::new();
    for bound in ComponentBound::ALL {
        let (found, limit) = (found.get(*bound), bounds.get(*bound));
        println!("{:<20} {found:>12} {limit:>12} {:>8}", bound.name(), limit / found.max(1));
        if found.saturating_mul(4) > limit {
            near.push(bound.name());
        }
    }
    assert_eq!(near, [""; 0]);
}
