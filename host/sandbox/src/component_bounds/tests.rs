//! Bombs of each kind are refused by their bound, and what is within all bounds is compiled.
#![expect(clippy::print_stdout, reason = "what compiling costs is printed")]

use std::time::Instant;

use provider_testing::component::{Bodies, provider};

use super::bombs::{self, Signature};
use super::*;
use crate::{Error, Inspection, Pool, Sandbox, seal, unseal};

const PLAIN: Signature = Signature { params: 0, results: 0 };

/// A component with so many functions of this code, of no parameters and results.
fn code(function: &wasm_encoder::Function, times: usize) -> Vec<u8> {
    bombs::functions(PLAIN, 0, &vec![function.clone(); times])
}

fn unbounded() -> ComponentBounds {
    let mut bounds = ComponentBounds::default();
    for bound in ComponentBound::ALL {
        bounds.set(*bound, u64::MAX);
    }
    bounds
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn bombs_of_each_kind_are_refused_by_their_bound() {
    let cases = [
        ("300 nested loops with 300 variables", code(&bombs::loops(1, 300, 300), 1), ComponentBound::LoopDepth),
        ("ten times 32 of them", code(&bombs::loops(10, 32, 300), 1), ComponentBound::FunctionValues),
        ("20,000 components within each other", bombs::nested(20_000), ComponentBound::ComponentDepth),
        ("20,000 components beside each other", bombs::siblings(20_000), ComponentBound::Components),
        ("100 instances of 100 instances of 100", bombs::multiplied(100, 3), ComponentBound::Instantiated),
        ("a million functions", code(&bombs::body(0, |_| {}), 1_000_000), ComponentBound::Functions),
        ("a large custom section", bombs::custom("mine", 40 << 20), ComponentBound::CustomBytes),
        ("a million sections", bombs::sections(1_000_000), ComponentBound::Sections),
        (
            "a jump table of a million targets",
            code(&bombs::jump_table(2_000_000, 100, 9), 1),
            ComponentBound::FunctionBytes,
        ),
        (
            "jump tables that carry values",
            code(&bombs::jump_table(100_000, 100, 20), 1),
            ComponentBound::FunctionValues,
        ),
        ("blocks times variables", code(&bombs::joins(20_000, 999), 1), ComponentBound::LocalBlocks),
        ("branches times variables", code(&bombs::branches(20_000, 200), 1), ComponentBound::FunctionValues),
        (
            "calls that pass a thousand values",
            bombs::functions(PLAIN, 1000, &[bombs::calls(1000)]),
            ComponentBound::FunctionValues,
        ),
        ("10,000 calls through a table", code(&bombs::indirect_calls(10_000), 1), ComponentBound::FunctionValues),
        ("a million of them in small functions", code(&bombs::indirect_calls(1_000), 1_000), ComponentBound::Values),
        (
            "blocks that pass a thousand values",
            bombs::functions(PLAIN, 1000, &[bombs::passing_blocks(999)]),
            ComponentBound::FunctionValues,
        ),
        (
            "functions of a thousand parameters",
            {
                let signature = Signature { params: 1000, results: 0 };
                bombs::functions(signature, 0, &vec![bombs::body(0, |_| {}); 50_000])
            },
            ComponentBound::Values,
        ),
        ("50,000 variables", code(&bombs::body(50_000, |_| {}), 1), ComponentBound::Locals),
        ("999 variables in each of 50,000 functions", code(&bombs::body(999, |_| {}), 50_000), ComponentBound::Values),
        ("two megabytes of code in one function", code(&bombs::wide(200_000), 1), ComponentBound::FunctionBytes),
        ("blocks within each other", code(&bombs::deep(100_000), 1), ComponentBound::BlockDepth),
        ("a long name", bombs::imports(1, 90_000), ComponentBound::NameBytes),
        ("many names", bombs::imports(2_000, 2_000), ComponentBound::DeclarationBytes),
        ("a thousand modules", bombs::modules(999), ComponentBound::Modules),
        ("100,000 types of functions", bombs::core_types(100_000, 2), ComponentBound::Types),
        ("many globals and exports", bombs::exports(100_000), ComponentBound::Declarations),
        ("a million elements", bombs::elements(1_000_000), ComponentBound::Elements),
        ("data far apart in each of many modules", bombs::images(100, 16 << 20), ComponentBound::ImageBytes),
        ("a megabyte of interface types", bombs::many_types(10_000, 200), ComponentBound::InterfaceBytes),
        ("instance types within each other", bombs::nested_types(100_000), ComponentBound::TypeDepth),
    ];
    let (mut met, mut wrong) = (Vec::new(), Vec::new());
    for (what, bytes, bound) in cases {
        for (how, checked) in [
            ("check", ComponentBounds::default().check(&bytes).map(drop)),
            ("inspect", Inspection::read(&bytes).map(drop)),
        ] {
            let Err(error) = checked else {
                wrong.push(format!("{what} ({how}) passes"));
                continue;
            };
            if error.code() != bound.code() {
                wrong.push(format!("{what} ({how}): {error}"));
            }
            assert!(error.to_string().contains("(bound `") && error.fix().is_some(), "{what}: {error}");
        }
        met.push(bound);
    }
    assert_eq!(wrong, [""; 0]);
    assert!(ComponentBound::ALL.iter().all(|bound| met.contains(bound)));
}

#[test]
fn a_bomb_is_refused_before_it_is_compiled_or_looked_into() {
    let sandbox = Sandbox::new(Pool::default()).unwrap();
    let bytes = code(&bombs::loops(1, 300, 300), 1);
    assert_eq!(sandbox.load(&bytes).unwrap_err().code(), "component-bound-loop-depth");
    // A billion numbers in four kilobytes: within the bounds, and refused by the rules of WebAssembly.
    assert_eq!(sandbox.load(&bombs::multiplied_types(1000, 3)).unwrap_err().code(), "not-a-component");
    let sections = bombs::sections(1_000_000);
    assert_eq!(unseal(&sections).unwrap_err().code(), "component-bound-sections");
    let description = provider_model::Description {
        id: "x".into(),
        name: "x".into(),
        version: "1".into(),
        documentation_url: String::new(),
        settings: Vec::new(),
        requests: Vec::new(),
        license_types: Vec::new(),
        roles: Vec::new(),
        codes: Vec::new(),
        attributes: Default::default(),
    };
    assert_eq!(seal(&sections, &description, &Default::default()).unwrap_err().code(), "component-bound-sections");
}

#[test]
fn a_description_is_read_up_to_a_megabyte() {
    for name in ["license-management:description", "version"] {
        let error = Inspection::read(&bombs::custom(name, (1 << 20) + 1)).unwrap_err();
        assert!(error.code() == "not-a-component" && error.to_string().contains(name), "{error}");
    }
    assert_eq!(Inspection::read(&bombs::custom("version", 1 << 20)).unwrap().metadata.version.unwrap().len(), 1 << 20);
}

#[test]
fn each_bound_holds_to_the_unit() {
    let mut samples = vec![provider(&Bodies::default()), bombs::multiplied(3, 3), bombs::elements(40_000)];
    samples.extend([bombs::images(2, 1000), bombs::nested_types(3), code(&bombs::loops(2, 3, 4), 5)]);
    for bound in ComponentBound::ALL {
        let most = samples.iter().max_by_key(|bytes| unbounded().check(bytes).unwrap().get(*bound)).unwrap();
        let found = unbounded().check(most).unwrap().get(*bound);
        assert!(found > 0, "no sample has any {bound}");
        let mut bounds = unbounded();
        bounds.set(*bound, found);
        bounds.check(most).unwrap();
        bounds.set(*bound, found - 1);
        let error = bounds.check(most).unwrap_err();
        assert!(
            matches!(error, Error::ComponentBound { bound: hit, found: n, limit } if hit == *bound && n <= found && limit == found - 1),
            "{error}"
        );
    }
}

#[test]
fn types_within_each_other_do_not_end_the_process_by_its_stack() {
    let raised = ComponentBounds { interface_bytes: u64::MAX, ..ComponentBounds::default() };
    for depth in [9, 1_000, 1_000_000] {
        assert_eq!(raised.check(&bombs::nested_types(depth)).unwrap_err().code(), "component-bound-type-depth");
    }
    assert_eq!(raised.check(&bombs::nested_types(7)).unwrap().type_depth, 8);
}

#[test]
fn variables_are_counted_once_for_each_block_around_them() {
    // By hand: 1 for each instruction, and at each end, the function's own included, the variables that were set within
    // times the ways that lead there.
    let cases = [
        // end: 1.
        ("nothing", bombs::body(1, |_| {}), 1),
        // block, get, set, end, end: 5; the block has one variable that was set, and one way to its end.
        (
            "a variable that a block sets",
            bombs::body(2, |f| {
                f.instructions().block(wasm_encoder::BlockType::Empty).local_get(0).local_set(1).end();
            }),
            5 + 1 + 1,
        ),
        // The same variable twice is one, in both blocks.
        (
            "twice the same",
            bombs::body(2, |f| {
                f.instructions().block(wasm_encoder::BlockType::Empty).local_get(0).local_set(1);
                f.instructions().block(wasm_encoder::BlockType::Empty).local_get(0).local_set(1).end().end();
            }),
            9 + 1 + 1 + 1,
        ),
        // A loop: each variable that it touches, for the way in and eight for its depth.
        (
            "a loop",
            bombs::body(2, |f| {
                f.instructions().loop_(wasm_encoder::BlockType::Empty).local_get(0).local_set(1).end();
            }),
            5 + 2 * (1 + 8) + 1,
        ),
    ];
    for (what, function, expect) in cases {
        let found = unbounded().check(&code(&function, 1)).unwrap().function_values;
        assert_eq!(found, expect, "{what}");
    }
}

/// Components near the bounds, each expensive in one way. Printed by hand for docs/compiling.md:
/// `cargo test --release --lib costs_at_the_bounds -- --ignored --nocapture`.
#[test]
#[ignore = "measures for minutes"]
fn costs_at_the_bounds() {
    let cases = [
        ("functions: 60,000 empty ones", code(&bombs::body(0, |_| {}), 59_990)),
        ("function_values: loops, 32 deep, 220 variables", code(&bombs::loops(1, 32, 220), 20)),
        ("function_values: 10 x 32 loops, 22 variables", code(&bombs::loops(10, 32, 22), 20)),
        ("function_values: 300 loops, 250 variables", code(&bombs::loops(250, 1, 250), 20)),
        ("function_values: branches out of a block", code(&bombs::branches(990, 990), 20)),
        ("function_values: calls of 1000 values", bombs::functions(PLAIN, 1000, &vec![bombs::calls(90); 20])),
        (
            "function_values: blocks of 1000 values",
            bombs::functions(PLAIN, 1000, &vec![bombs::passing_blocks(180); 20]),
        ),
        ("function_bytes, locals: 1000 variables alive", code(&bombs::pressure(100_000, 1000), 40)),
        ("function_bytes: values on the stack", code(&bombs::stack(150_000), 40)),
        ("function_bytes: copies of memory", code(&bombs::wide(62_000), 20)),
        ("local_blocks: 1000 variables, 1200 ifs", code(&bombs::joins(1200, 990), 60)),
        ("block_depth", code(&bombs::deep(3_900), 1000)),
        ("values: variables that nobody uses", code(&bombs::body(990, |_| {}), 20_000)),
        (
            "values: parameters",
            bombs::functions(Signature { params: 990, results: 0 }, 0, &vec![bombs::body(0, |_| {}); 20_000]),
        ),
        ("types: 5,000 of 400 parameters", bombs::core_types(5_000, 400)),
        ("declarations", bombs::exports(25_000)),
        ("elements", bombs::elements(100_000)),
        ("image_bytes", bombs::images(60, 1 << 20)),
        ("modules", bombs::modules(160)),
        ("components", bombs::siblings(50)),
        ("instantiated", bombs::multiplied(24, 3)),
        ("interface_bytes", bombs::many_types(6_000, 80)),
    ];
    let sandbox = Sandbox::new(Pool::default()).unwrap();
    println!("| what | bytes | values | check | compile | memory |");
    println!("|---|---:|---:|---:|---:|---:|");
    for (what, bytes) in cases {
        let begun = Instant::now();
        let found = match sandbox.pool().bounds.check(&bytes) {
            Ok(found) => found,
            Err(error) => {
                println!("| {what} | {} | {error} |", bytes.len());
                continue;
            }
        };
        let checked = begun.elapsed();
        // Resets the peak of resident memory.
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let begun = Instant::now();
        let compiled = wasmtime::component::Component::from_binary(sandbox.engine(), &bytes);
        let took = begun.elapsed();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim().to_owned();
        let outcome = compiled
            .map_or_else(|error| format!(" ({})", error.to_string().lines().next().unwrap()), |_| String::new());
        println!(
            "| {what} | {} | {} | {} ms | {:.1} s | {peak}{outcome} |",
            bytes.len(),
            found.values,
            checked.as_millis(),
            took.as_secs_f64()
        );
    }
}
