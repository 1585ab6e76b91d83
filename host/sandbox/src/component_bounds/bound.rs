//! The bounds: a field, a case and a code each.

use std::fmt;

/// One line for each bound: its field, its case, its code, its default, and its name in an error.
macro_rules! bounds {
    ($($(#[$doc:meta])+ $field:ident $case:ident $code:literal $default:literal $words:literal;)+) => {
        /// The most that a component may hold of what makes reading, validating and compiling it expensive. A platform may
        /// raise each; docs/compiling.md has what a component at each of them costs.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct ComponentBounds {
            $($(#[$doc])+ pub $field: u64,)+
        }

        impl Default for ComponentBounds {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        /// A field of [`ComponentBounds`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum ComponentBound {
            $($(#[$doc])+ $case,)+
        }

        impl ComponentBound {
            /// All, in the order of the fields.
            pub const ALL: &[Self] = &[$(Self::$case,)+];

            /// A stable kebab-case code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$case => $code,)+ }
            }

            /// The field of [`ComponentBounds`].
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$case => stringify!($field),)+ }
            }

            const fn words(self) -> &'static str {
                match self { $(Self::$case => $words,)+ }
            }
        }

        impl ComponentBounds {
            pub(super) const NOTHING: Self = Self { $($field: 0,)+ };

            /// The value of one field.
            #[must_use]
            pub const fn get(&self, bound: ComponentBound) -> u64 {
                match bound { $(ComponentBound::$case => self.$field,)+ }
            }

            /// Sets one field.
            pub const fn set(&mut self, bound: ComponentBound, value: u64) {
                match bound { $(ComponentBound::$case => self.$field = value,)+ }
            }
        }
    };
}

bounds! {
    /// Sections, those of nested components and of modules included.
    sections Sections "component-bound-sections" 2_500 "sections";
    /// Bytes of all custom sections, such as the names of functions for people who debug.
    custom_bytes CustomBytes "component-bound-custom-bytes" 16_777_216 "bytes of custom sections";
    /// Bytes of the longest name of an import or an export.
    name_bytes NameBytes "component-bound-name-bytes" 2_048 "bytes in a name";
    /// Nested components.
    components Components "component-bound-components" 50 "nested components";
    /// How deep components lie within each other.
    component_depth ComponentDepth "component-bound-component-depth" 8 "components within each other";
    /// Core modules.
    modules Modules "component-bound-modules" 160 "core modules";
    /// Bytes of the types, imports, exports, aliases, instances and canonical functions of the component and of nested ones.
    interface_bytes InterfaceBytes "component-bound-interface-bytes" 524_288 "bytes of interfaces";
    /// How deep component and instance types lie within each other.
    type_depth TypeDepth "component-bound-type-depth" 8 "component types within each other";
    /// What instantiation makes of the component and of the nested ones: their types, imports, exports, aliases, instances
    /// and canonical functions, as often as they are instantiated.
    instantiated Instantiated "component-bound-instantiated" 16_000 "instantiated items";
    /// Bytes of what modules declare: all their sections but code, data and custom ones.
    declaration_bytes DeclarationBytes "component-bound-declaration-bytes" 2_097_152 "bytes of declarations";
    /// Imports, exports, tables, memories, globals, tags and segments of all modules.
    declarations Declarations "component-bound-declarations" 50_000 "declarations";
    /// Types of functions and others that modules declare: the compiler makes code for each.
    types Types "component-bound-types" 5_000 "types of modules";
    /// Functions and expressions in the segments of tables.
    elements Elements "component-bound-elements" 100_000 "elements of tables";
    /// Bytes of memory from the first to the last that data segments fill, all modules together.
    image_bytes ImageBytes "component-bound-image-bytes" 67_108_864 "bytes between data segments";
    /// Functions of all modules.
    functions Functions "component-bound-functions" 60_000 "functions";
    /// Bytes of one function's code.
    function_bytes FunctionBytes "component-bound-function-bytes" 1_048_576 "bytes in one function";
    /// Parameters and local variables of one function.
    locals Locals "component-bound-locals" 1_000 "local variables in one function";
    /// How deep blocks lie within each other in one function.
    block_depth BlockDepth "component-bound-block-depth" 4_000 "blocks within each other";
    /// How deep loops lie within each other in one function.
    loop_depth LoopDepth "component-bound-loop-depth" 32 "loops within each other";
    /// Local variables times blocks of one function, each variable up to the last block that uses it.
    local_blocks LocalBlocks "component-bound-local-blocks" 5_000_000 "local variables times blocks in one function";
    /// Values that one function moves: one for each instruction and more for those that become many, those that calls and
    /// branches pass, and for each branch the local variables that may differ by the way to its target.
    function_values FunctionValues "component-bound-function-values" 1_000_000 "values in one function";
    /// The same of all functions, with their local variables, a sixteenth of their `local_blocks`, and eight for each
    /// parameter and result of a module's types.
    values Values "component-bound-values" 20_000_000 "values in all functions";
}

impl fmt::Display for ComponentBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}
