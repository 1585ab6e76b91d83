//! Small components that are expensive to read, to validate or to compile, each in one way.

use wasm_encoder::{
    BlockType, CodeSection, Component, ComponentInstanceSection, ComponentTypeSection, ConstExpr, CustomSection,
    DataSection, ElementSection, Elements, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, ImportSection, MemorySection, MemoryType, Module, ModuleSection, NestedComponentSection,
    RefType, TableSection, TableType, TypeSection, ValType,
};

/// What a module's functions have in common.
#[derive(Clone, Copy, Default)]
pub(crate) struct Signature {
    pub(crate) params: usize,
    pub(crate) results: usize,
}

/// The component around one module.
pub(crate) fn component(module: &Module) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&ModuleSection(module));
    component.finish()
}

/// A component with these functions, all of one type, which has the index 0. Type 1 takes nothing and returns `passed`
/// values, and type 2 takes them.
pub(crate) fn functions(signature: Signature, passed: usize, bodies: &[Function]) -> Vec<u8> {
    let mut module = Module::new();
    let values = |count| vec![ValType::I32; count];
    let mut types = TypeSection::new();
    types.ty().function(values(signature.params), values(signature.results));
    types.ty().function(values(0), values(passed));
    types.ty().function(values(passed), values(0));
    types.ty().function(values(passed), values(passed));
    module.section(&types);
    let mut imports = ImportSection::new();
    imports.import("a", "give", EntityType::Function(1));
    imports.import("a", "take", EntityType::Function(2));
    module.section(&imports);
    let mut declared = FunctionSection::new();
    let mut code = CodeSection::new();
    for body in bodies {
        declared.function(0);
        code.function(body);
    }
    module.section(&declared);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    module.section(&memories);
    module.section(&code);
    component(&module)
}

/// A function without parameters, with `locals` local variables.
pub(crate) fn body(locals: u32, write: impl FnOnce(&mut Function)) -> Function {
    let mut function = Function::new([(locals, ValType::I32)]);
    write(&mut function);
    function.instructions().end();
    function
}

/// `groups` times: `depth` nested loops, the innermost of which changes each of the variables.
pub(crate) fn loops(groups: usize, depth: usize, locals: u32) -> Function {
    body(locals, |function| {
        for _ in 0..groups {
            for _ in 0..depth {
                function.instructions().loop_(BlockType::Empty);
            }
            for local in 0..locals {
                function.instructions().local_get(local).i32_const(1).i32_add().local_set(local);
            }
            for _ in 0..depth {
                function.instructions().local_get(0).br_if(0).end();
            }
        }
    })
}

/// `branches` conditional branches out of one block; between them, each variable is changed in turn.
pub(crate) fn branches(branches: usize, locals: u32) -> Function {
    body(locals, |function| {
        function.instructions().block(BlockType::Empty);
        for local in (0..locals).cycle().take(branches) {
            function.instructions().local_get(local).i32_const(1).i32_add().local_tee(local).br_if(0);
        }
        function.instructions().end();
        for local in 0..locals {
            function.instructions().local_get(local).drop();
        }
    })
}

/// A jump table of `targets` targets, which alternate between `blocks` blocks.
pub(crate) fn jump_table(targets: u32, blocks: u32, locals: u32) -> Function {
    body(locals, |function| {
        for _ in 0..blocks {
            function.instructions().block(BlockType::Empty);
        }
        for local in 0..locals {
            function.instructions().i32_const(7).local_set(local);
        }
        let table: Vec<u32> = (0..targets).map(|target| target % blocks).collect();
        function.instructions().local_get(0).br_table(table, 0);
        for _ in 0..blocks {
            function.instructions().end();
            for local in 0..locals {
                function.instructions().local_get(local).i32_const(1).i32_add().local_set(local);
            }
        }
    })
}

/// Calls that pass what another call returned.
pub(crate) fn calls(pairs: usize) -> Function {
    body(0, |function| {
        for _ in 0..pairs {
            function.instructions().call(0).call(1);
        }
    })
}

/// `calls` calls through a table.
pub(crate) fn indirect_calls(calls: usize) -> Function {
    body(0, |function| {
        for _ in 0..calls {
            function.instructions().i32_const(0).call_indirect(0, 0);
        }
    })
}

/// `depth` nested blocks that pass values through (type 3 of [`functions`]).
pub(crate) fn passing_blocks(depth: usize) -> Function {
    body(1, |function| {
        function.instructions().call(0);
        for _ in 0..depth {
            function.instructions().block(BlockType::FunctionType(3));
        }
        for _ in 0..depth {
            function.instructions().local_get(0).br_if(0).end();
        }
        function.instructions().call(1);
    })
}

/// `values` values on the stack at once, added up at the end.
pub(crate) fn stack(values: usize) -> Function {
    body(1, |function| {
        for _ in 0..values {
            let place = wasm_encoder::MemArg { offset: 0, align: 2, memory_index: 0 };
            function.instructions().local_get(0).i32_load(place);
        }
        for _ in 1..values {
            function.instructions().i32_add();
        }
        function.instructions().drop();
    })
}

/// Each variable set from two others, again and again: all of them are alive all the time.
pub(crate) fn pressure(steps: u32, locals: u32) -> Function {
    body(locals, |function| {
        for local in 0..locals {
            let place = wasm_encoder::MemArg { offset: 0, align: 2, memory_index: 0 };
            function.instructions().i32_const(i32::try_from(local).unwrap()).i32_load(place).local_set(local);
        }
        for step in 0..steps {
            let at = |n: u32| (step.wrapping_mul(n).wrapping_add(n)) % locals;
            function.instructions().local_get(at(7)).local_get(at(13)).i32_mul().local_set(at(1));
        }
        for local in 0..locals {
            let place = wasm_encoder::MemArg { offset: 0, align: 2, memory_index: 0 };
            function.instructions().i32_const(0).local_get(local).i32_store(place);
        }
    })
}

/// One `if` after another, each of which changes one variable.
pub(crate) fn joins(blocks: usize, locals: u32) -> Function {
    body(locals, |function| {
        for local in (0..locals).cycle().take(blocks) {
            function.instructions().local_get(local).if_(BlockType::Empty).i32_const(1).local_set(local).end();
        }
        for local in 0..locals {
            function.instructions().local_get(local).drop();
        }
    })
}

/// Nested blocks.
pub(crate) fn deep(depth: usize) -> Function {
    body(1, |function| {
        for _ in 0..depth {
            function.instructions().block(BlockType::Empty);
        }
        for _ in 0..depth {
            function.instructions().local_get(0).br_if(0).end();
        }
    })
}

/// The instructions that expand the most from few bytes.
pub(crate) fn wide(steps: usize) -> Function {
    body(2, |function| {
        for _ in 0..steps {
            function.instructions().i32_const(0).i32_const(0).i32_const(0).memory_copy(0, 0);
        }
    })
}

/// Nested components.
pub(crate) fn nested(depth: usize) -> Vec<u8> {
    let mut inner = Component::new();
    for _ in 0..depth {
        let mut outer = Component::new();
        outer.section(&NestedComponentSection(&inner));
        inner = outer;
    }
    inner.finish()
}

/// Components side by side.
pub(crate) fn siblings(count: usize) -> Vec<u8> {
    let mut outer = Component::new();
    for _ in 0..count {
        outer.section(&NestedComponentSection(&Component::new()));
    }
    outer.finish()
}

/// `depth` nested components, each of which instantiates the one in it `times` times: `times` to the power of `depth`
/// instances.
pub(crate) fn multiplied(times: u32, depth: usize) -> Vec<u8> {
    let mut inner = Component::new();
    inner.section(&ModuleSection(&Module::new()));
    for _ in 0..depth {
        let mut outer = Component::new();
        outer.section(&NestedComponentSection(&inner));
        let mut instances = ComponentInstanceSection::new();
        for _ in 0..times {
            instances.instantiate::<[(&str, _, _); 0], &str>(0, []);
        }
        outer.section(&instances);
        inner = outer;
    }
    inner.finish()
}

/// Nested instance types: three bytes each.
pub(crate) fn nested_types(depth: usize) -> Vec<u8> {
    let mut section = vec![1];
    for _ in 0..depth {
        // An instance type of one declaration, which is a type.
        section.extend([0x42, 1, 1]);
    }
    // The innermost: an instance type without declarations.
    section.extend([0x42, 0]);
    let mut component = Component::new();
    component.section(&wasm_encoder::RawSection { id: 7, data: &section });
    component.finish()
}

/// Tuples of `times` tuples, nested `depth` deep.
pub(crate) fn multiplied_types(times: usize, depth: u32) -> Vec<u8> {
    use wasm_encoder::{ComponentValType, PrimitiveValType};

    let mut types = ComponentTypeSection::new();
    types.defined_type().tuple(vec![ComponentValType::Primitive(PrimitiveValType::U64); times]);
    for level in 0..depth {
        types.defined_type().tuple(vec![ComponentValType::Type(level); times]);
    }
    let mut component = Component::new();
    component.section(&types);
    component.finish()
}

/// `count` different types of `fields` fields.
pub(crate) fn many_types(count: usize, fields: usize) -> Vec<u8> {
    use wasm_encoder::{ComponentValType, PrimitiveValType};

    let mut types = ComponentTypeSection::new();
    for _ in 0..count {
        types.defined_type().tuple(vec![ComponentValType::Primitive(PrimitiveValType::U8); fields]);
    }
    let mut component = Component::new();
    component.section(&types);
    component.finish()
}

/// A custom section of `bytes` bytes.
pub(crate) fn custom(name: &str, bytes: usize) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&CustomSection { name: name.into(), data: vec![0; bytes].into() });
    component.finish()
}

/// `count` empty custom sections: three bytes each.
pub(crate) fn sections(count: usize) -> Vec<u8> {
    let mut component = Component::new();
    for _ in 0..count {
        component.section(&CustomSection { name: "".into(), data: Vec::new().into() });
    }
    component.finish()
}

/// `count` imports with names of `bytes` bytes.
pub(crate) fn imports(count: usize, bytes: usize) -> Vec<u8> {
    let mut module = Module::new();
    let mut imports = ImportSection::new();
    let ty = GlobalType { val_type: ValType::I32, mutable: false, shared: false };
    for _ in 0..count {
        imports.import("", &"x".repeat(bytes), EntityType::Global(ty));
    }
    module.section(&imports);
    component(&module)
}

/// `count` modules.
pub(crate) fn modules(count: usize) -> Vec<u8> {
    let mut component = Component::new();
    for _ in 0..count {
        component.section(&ModuleSection(&Module::new()));
    }
    component.finish()
}

/// `count` types of functions.
pub(crate) fn core_types(count: usize, params: usize) -> Vec<u8> {
    let mut module = Module::new();
    let mut types = TypeSection::new();
    for n in 0..count {
        // Each differs from the others.
        let kinds = (0..params).map(|bit| if n >> (bit % 60) & 1 == 0 { ValType::I32 } else { ValType::I64 });
        types.ty().function(kinds, []);
    }
    module.section(&types);
    component(&module)
}

/// `count` globals, and an export of each.
pub(crate) fn exports(count: u32) -> Vec<u8> {
    let mut module = Module::new();
    let mut globals = GlobalSection::new();
    let mut exports = ExportSection::new();
    for n in 0..count {
        globals.global(GlobalType { val_type: ValType::I64, mutable: true, shared: false }, &ConstExpr::i64_const(1));
        exports.export(&n.to_string(), ExportKind::Global, n);
    }
    module.section(&globals);
    module.section(&exports);
    component(&module)
}

/// A table with `count` elements.
pub(crate) fn elements(count: u32) -> Vec<u8> {
    let mut module = Module::new();
    let mut types = TypeSection::new();
    types.ty().function([], []);
    module.section(&types);
    let mut functions = FunctionSection::new();
    functions.function(0);
    module.section(&functions);
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: 20_000,
        maximum: None,
        shared: false,
    });
    module.section(&tables);
    let mut elements = ElementSection::new();
    for _ in 0..count.div_ceil(20_000) {
        elements.active(Some(0), &ConstExpr::i32_const(0), Elements::Functions(vec![0; 20_000].into()));
    }
    module.section(&elements);
    let mut code = CodeSection::new();
    code.function(&body(0, |_| {}));
    module.section(&code);
    component(&module)
}

/// `count` modules, each with two bytes of data, `apart` bytes from each other.
pub(crate) fn images(count: usize, apart: i32) -> Vec<u8> {
    let mut component = Component::new();
    for _ in 0..count {
        let mut module = Module::new();
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 1024,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        module.section(&memories);
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(0), [1]);
        data.active(0, &ConstExpr::i32_const(apart), [1]);
        module.section(&data);
        component.section(&ModuleSection(&module));
    }
    component.finish()
}
