//! Walks through a component's bytes once and counts.

use wasmparser::{
    BinaryReader, ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind,
    CompositeInnerType, Data, DataKind, ElementItems, FunctionBody, Imports, Instance, Operator, Parser, Payload,
    SubType, TypeRef,
};

use super::bound::{ComponentBound, ComponentBounds};
use super::function::{self, Context, Shape};
use super::types;
use crate::Error;

type Result<T> = std::result::Result<T, Refused>;

/// What a component takes of each bound.
///
/// # Errors
/// The first bound that is exceeded, or the bytes are not a component.
pub(super) fn scan(bytes: &[u8], bounds: &ComponentBounds) -> crate::Result<ComponentBounds> {
    must_be_component(bytes)?;
    let mut scan = Scan {
        bytes,
        tally: Tally { bounds, found: ComponentBounds::NOTHING },
        functions: function::Meter::default(),
        open: vec![Open::Component(Component::default())],
    };
    for payload in Parser::new(0).parse_all(bytes) {
        payload.map_err(Refused::from).and_then(|payload| scan.payload(payload)).map_err(|refused| match refused {
            Refused::Unreadable(error) => Error::NotAComponent { reason: error.message().to_owned() },
            Refused::Beyond { bound, found, limit } => Error::ComponentBound { bound, found, limit },
        })?;
    }
    Ok(scan.tally.found)
}

/// Checks only the first bytes.
///
/// # Errors
/// They are not those of a component.
pub(crate) fn must_be_component(bytes: &[u8]) -> crate::Result<()> {
    if Parser::is_component(bytes) {
        return Ok(());
    }
    let is_module = Parser::is_core_wasm(bytes);
    let reason = if is_module { "it is a plain WebAssembly module" } else { "it is another sort of file" };
    Err(Error::NotAComponent { reason: reason.to_owned() })
}

enum Refused {
    Unreadable(wasmparser::BinaryReaderError),
    Beyond { bound: ComponentBound, found: u64, limit: u64 },
}

impl From<wasmparser::BinaryReaderError> for Refused {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Unreadable(error)
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    tally: Tally<'a>,
    functions: function::Meter,
    /// What is being read: the component, and what lies around the current place.
    open: Vec<Open>,
}

enum Open {
    Component(Component),
    Module(Module),
}

#[derive(Default)]
struct Component {
    /// What one instance of it makes.
    items: u64,
    /// The same of each component that it can instantiate, by index; `None` if only the code that instantiates it knows.
    components: Vec<Option<u64>>,
}

#[derive(Default)]
struct Module {
    types: Vec<Shape>,
    /// The index of each function's type.
    functions: Vec<u32>,
    /// How many functions have been declared whose code has not come yet.
    imported: usize,
    bodies: usize,
    /// The first and the last byte of memory that data segments fill.
    image: Option<(u64, u64)>,
}

impl Context for Module {
    fn type_at(&self, index: u32) -> Shape {
        usize::try_from(index).ok().and_then(|index| self.types.get(index)).copied().unwrap_or_default()
    }

    fn function_at(&self, index: u32) -> Shape {
        let index = usize::try_from(index).ok().and_then(|index| self.functions.get(index));
        index.map_or(Shape::default(), |index| self.type_at(*index))
    }
}

/// The counts so far, compared with the bounds.
struct Tally<'a> {
    bounds: &'a ComponentBounds,
    found: ComponentBounds,
}

impl Tally<'_> {
    fn add(&mut self, bound: ComponentBound, more: u64) -> Result<()> {
        self.most(bound, self.found.get(bound).saturating_add(more))
    }

    fn most(&mut self, bound: ComponentBound, found: u64) -> Result<()> {
        let limit = self.bounds.get(bound);
        if found > limit {
            return Err(Refused::Beyond { bound, found, limit });
        }
        self.found.set(bound, self.found.get(bound).max(found));
        Ok(())
    }

    fn name(&mut self, name: &str) -> Result<()> {
        self.most(ComponentBound::NameBytes, long(name.len()))
    }
}

fn long(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

impl<'a> Scan<'a> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other sections are those of what is open")]
    fn payload(&mut self, payload: Payload<'a>) -> Result<()> {
        if !matches!(payload, Payload::CodeSectionEntry(_) | Payload::End(_)) {
            self.tally.add(ComponentBound::Sections, 1)?;
        }
        match payload {
            Payload::ModuleSection { .. } => {
                self.tally.add(ComponentBound::Modules, 1)?;
                self.open.push(Open::Module(Module::default()));
            }
            Payload::ComponentSection { .. } => {
                self.tally.add(ComponentBound::Components, 1)?;
                self.open.push(Open::Component(Component::default()));
                self.tally.most(ComponentBound::ComponentDepth, long(self.open.len()).saturating_sub(1))?;
            }
            Payload::End(_) => self.close()?,
            Payload::CustomSection(section) => {
                self.tally.add(ComponentBound::CustomBytes, long(section.range().len()))?
            }
            payload => match self.open.pop() {
                Some(Open::Module(mut module)) => {
                    self.module(payload, &mut module)?;
                    self.open.push(Open::Module(module));
                }
                Some(Open::Component(mut component)) => {
                    self.component(payload, &mut component)?;
                    self.tally.most(ComponentBound::Instantiated, component.items)?;
                    self.open.push(Open::Component(component));
                }
                None => {}
            },
        }
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        match self.open.pop() {
            Some(Open::Module(module)) => {
                let (first, last) = module.image.unwrap_or_default();
                self.tally.add(ComponentBound::ImageBytes, last.saturating_sub(first))
            }
            Some(Open::Component(component)) => {
                if let Some(Open::Component(outer)) = self.open.last_mut() {
                    outer.components.push(Some(component.items));
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// A section of a module.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other sections hold nothing that work grows with")]
    fn module(&mut self, payload: Payload<'a>, module: &mut Module) -> Result<()> {
        let tally = &mut self.tally;
        if let Some((id, range)) = payload.as_section()
            && id != CODE
            && id != DATA
        {
            tally.add(ComponentBound::DeclarationBytes, long(range.len()))?;
        }
        match payload {
            Payload::TypeSection(section) => section
                .into_iter()
                .try_for_each(|group| group?.types().try_for_each(|ty| module_type(ty, module, tally))),
            Payload::ImportSection(section) => {
                for imports in section {
                    import(imports?, module, tally)?;
                }
                module.imported = module.functions.len();
                Ok(())
            }
            Payload::FunctionSection(section) => {
                tally.add(ComponentBound::Functions, section.count().into())?;
                for index in section {
                    module.functions.push(index?);
                }
                Ok(())
            }
            Payload::CodeSectionEntry(body) => self.code(&body, module),
            Payload::TableSection(section) => tally.add(ComponentBound::Declarations, section.count().into()),
            Payload::MemorySection(section) => tally.add(ComponentBound::Declarations, section.count().into()),
            Payload::GlobalSection(section) => tally.add(ComponentBound::Declarations, section.count().into()),
            Payload::TagSection(section) => tally.add(ComponentBound::Declarations, section.count().into()),
            Payload::ExportSection(section) => {
                tally.add(ComponentBound::Declarations, section.count().into())?;
                section.into_iter().try_for_each(|export| tally.name(export?.name))
            }
            Payload::ElementSection(section) => {
                tally.add(ComponentBound::Declarations, section.count().into())?;
                section.into_iter().try_for_each(|element| elements(&element?.items, tally))
            }
            Payload::DataSection(section) => {
                tally.add(ComponentBound::Declarations, section.count().into())?;
                section.into_iter().try_for_each(|data| module.fill(&data?))
            }
            _ => Ok(()),
        }
    }

    /// The code of the module's next function.
    fn code(&mut self, body: &FunctionBody<'_>, module: &mut Module) -> Result<()> {
        let tally = &mut self.tally;
        let index = module.functions.get(module.imported.saturating_add(module.bodies));
        let shape = index.map_or(Shape::default(), |index| module.type_at(*index));
        module.bodies = module.bodies.saturating_add(1);
        let found = self.functions.measure(body, shape, module, tally.bounds)?;
        for bound in [
            ComponentBound::FunctionBytes,
            ComponentBound::Locals,
            ComponentBound::BlockDepth,
            ComponentBound::LoopDepth,
            ComponentBound::LocalBlocks,
            ComponentBound::FunctionValues,
        ] {
            tally.most(bound, found.get(bound))?;
        }
        let values = found.function_values.saturating_add(found.locals);
        tally.add(ComponentBound::Values, values.saturating_add(found.local_blocks / LOCAL_BLOCKS))
    }

    /// A section of a component.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other sections hold nothing that work grows with")]
    fn component(&mut self, payload: Payload<'a>, component: &mut Component) -> Result<()> {
        let tally = &mut self.tally;
        if let Some((_, range)) = payload.as_section() {
            tally.add(ComponentBound::InterfaceBytes, long(range.len()))?;
        }
        let mut items = 0_u64;
        match payload {
            Payload::ComponentTypeSection(section) => {
                items = section.count().into();
                let range = section.range();
                let start = range.start;
                let content = self.bytes.get(range).unwrap_or_default();
                let depth = types::depth(BinaryReader::new(content, start), tally.bounds.type_depth)?;
                tally.most(ComponentBound::TypeDepth, depth)?;
            }
            Payload::CoreTypeSection(section) => items = section.count().into(),
            Payload::ComponentCanonicalSection(section) => items = section.count().into(),
            Payload::ComponentImportSection(section) => {
                items = section.count().into();
                for import in section {
                    let import = import?;
                    tally.name(import.name.name)?;
                    if import.ty.kind() == ComponentExternalKind::Component {
                        component.components.push(None);
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                items = section.count().into();
                for export in section {
                    let export = export?;
                    tally.name(export.name.name)?;
                    if export.kind == ComponentExternalKind::Component {
                        let same = find(component, export.index);
                        component.components.push(same);
                    }
                }
            }
            Payload::ComponentAliasSection(section) => {
                items = section.count().into();
                section.into_iter().try_for_each(|alias| self.alias(&alias?, component))?;
            }
            Payload::InstanceSection(section) => {
                for instance in section {
                    items = items.saturating_add(made_of_modules(&instance?));
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    items = items.saturating_add(made_of_components(&instance?, component));
                }
            }
            _ => {}
        }
        component.items = component.items.saturating_add(items);
        Ok(())
    }

    /// Another name of something, which may be a component.
    fn alias(&mut self, alias: &ComponentAlias<'_>, component: &mut Component) -> Result<()> {
        match *alias {
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. } => {
                component.components.push(None);
            }
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => {
                let same = match count {
                    0 => find(component, index),
                    _ => around(&self.open, count).and_then(|outer| find(outer, index)),
                };
                component.components.push(same);
            }
            ComponentAlias::InstanceExport { name, .. } | ComponentAlias::CoreInstanceExport { name, .. } => {
                self.tally.name(name)?;
            }
            ComponentAlias::Outer { .. } => {}
        }
        Ok(())
    }
}

impl Module {
    /// Takes a data segment into the image.
    fn fill(&mut self, data: &Data<'_>) -> Result<()> {
        if let DataKind::Active { offset_expr, .. } = &data.kind {
            let first = offset(offset_expr)?;
            let last = first.saturating_add(long(data.data.len()));
            let (was_first, was_last) = self.image.unwrap_or((first, last));
            self.image = Some((first.min(was_first), last.max(was_last)));
        }
        Ok(())
    }
}

/// What a parameter or a result of a type costs in values: the compiler makes code that takes each through memory.
const TYPE: u64 = 8;

/// Local variables times blocks that cost as much as one value.
const LOCAL_BLOCKS: u64 = 16;

/// The sections of a module whose bytes are counted elsewhere, or cost little more than copying them.
const CODE: u8 = 10;
const DATA: u8 = 11;

fn module_type(ty: &SubType, module: &mut Module, tally: &mut Tally<'_>) -> Result<()> {
    tally.add(ComponentBound::Types, 1)?;
    let shape = match &ty.composite_type.inner {
        CompositeInnerType::Func(ty) => Shape { params: long(ty.params().len()), results: long(ty.results().len()) },
        CompositeInnerType::Array(_) | CompositeInnerType::Struct(_) | CompositeInnerType::Cont(_) => Shape::default(),
    };
    tally.add(ComponentBound::Values, shape.sum().saturating_mul(TYPE))?;
    module.types.push(shape);
    Ok(())
}

fn elements(items: &ElementItems<'_>, tally: &mut Tally<'_>) -> Result<()> {
    let count = match items {
        ElementItems::Functions(items) => items.count(),
        ElementItems::Expressions(_, items) => items.count(),
    };
    tally.add(ComponentBound::Elements, count.into())
}

/// The items that an instance of a module makes.
fn made_of_modules(instance: &Instance<'_>) -> u64 {
    let count = match instance {
        Instance::Instantiate { args, .. } => args.len(),
        Instance::FromExports(exports) => exports.len(),
    };
    long(count).saturating_add(1)
}

/// The items that an instance of a component makes.
fn made_of_components(instance: &ComponentInstance<'_>, component: &Component) -> u64 {
    let (count, made) = match instance {
        // A count that only the instantiating component knows is taken as more than is allowed.
        ComponentInstance::Instantiate { component_index, args } => {
            (args.len(), find(component, *component_index).unwrap_or(u64::MAX))
        }
        ComponentInstance::FromExports(exports) => (exports.len(), 0),
    };
    long(count).saturating_add(1).saturating_add(made)
}

fn import(imports: Imports<'_>, module: &mut Module, tally: &mut Tally<'_>) -> Result<()> {
    let mut one = |name: &str, ty: TypeRef, tally: &mut Tally<'_>| {
        tally.add(ComponentBound::Declarations, 1)?;
        tally.name(name)?;
        if let TypeRef::Func(index) | TypeRef::FuncExact(index) = ty {
            module.functions.push(index);
        }
        Ok(())
    };
    match imports {
        Imports::Single(_, import) => {
            tally.name(import.module)?;
            one(import.name, import.ty, tally)
        }
        Imports::Compact1 { module, items } => {
            tally.name(module)?;
            items
                .into_iter()
                .try_for_each(|item| item.map_err(Refused::from).and_then(|item| one(item.name, item.ty, tally)))
        }
        Imports::Compact2 { module, ty, names } => {
            tally.name(module)?;
            names.into_iter().try_for_each(|name| name.map_err(Refused::from).and_then(|name| one(name, ty, tally)))
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "every other expression depends on the instance")]
/// Where a data segment begins, if it says so; those that depend on the instance make no image.
fn offset(expression: &wasmparser::ConstExpr<'_>) -> Result<u64> {
    Ok(match expression.get_operators_reader().read()? {
        Operator::I32Const { value } => value.cast_unsigned().into(),
        Operator::I64Const { value } => value.cast_unsigned(),
        _ => 0,
    })
}

/// The component at an index, as far as what one instance of it makes is known.
fn find(component: &Component, index: u32) -> Option<u64> {
    usize::try_from(index).ok().and_then(|index| component.components.get(index)).copied().flatten()
}

/// The component that lies so far around the one that is being read, which is not among them.
fn around(open: &[Open], count: u32) -> Option<&Component> {
    let place = open.len().checked_sub(usize::try_from(count).ok()?)?;
    match open.get(place)? {
        Open::Component(component) => Some(component),
        Open::Module(_) => None,
    }
}
