//! What one function's code asks of the compiler.

use wasmparser::{BlockType, FunctionBody, Operator, Result};

use super::bound::{ComponentBound, ComponentBounds};

/// How many values a function, a block or a branch takes and returns.
#[derive(Clone, Copy, Default)]
pub(super) struct Shape {
    pub(super) params: u64,
    pub(super) results: u64,
}

impl Shape {
    pub(super) const fn sum(self) -> u64 {
        self.params.saturating_add(self.results)
    }
}

/// What a function refers to in its module.
pub(super) trait Context {
    /// The type at this index.
    fn type_at(&self, index: u32) -> Shape;
    /// The type of the function at this index.
    fn function_at(&self, index: u32) -> Shape;
}

/// A variable that a loop carries around costs the compiler, for each loop that it lies in, about as much as so many other
/// values: measured, docs/compiling.md.
const LOOP: u64 = 8;

/// Values of a call that registers hold, and what each further one costs.
const REGISTERS: u64 = 12;
const MEMORY: u64 = 4;

/// What an instruction costs that becomes many of the machine's.
const LARGE: u64 = 12;

/// What a call through a table costs, which looks the function up and compares its type: measured, docs/compiling.md.
const INDIRECT: u64 = 90;

/// So many of them in one function make each of them cost as much again, since the time grows with their square.
const INDIRECT_TOGETHER: u64 = 2_000;

/// What a function has been found to cost so far.
struct Cost {
    /// The place in its code, in instructions.
    now: u32,
    values: u64,
    blocks: u64,
    /// The loops that are open.
    loops: u64,
    /// Calls through a table.
    indirect: u64,
}

impl Cost {
    const fn value(&mut self, more: u64) {
        self.values = self.values.saturating_add(more);
    }

    const fn block(&mut self, more: u64) {
        self.blocks = self.blocks.saturating_add(more);
    }
}

/// Measures functions one after another, in the same memory.
#[derive(Default)]
pub(super) struct Meter {
    frames: Vec<Frame>,
    locals: Vec<Local>,
}

/// An open block.
struct Frame {
    /// When it began, in instructions.
    begin: u32,
    is_loop: bool,
    /// Values that a branch to it passes.
    arity: u64,
    /// Branches to it, the end of its code included.
    branches: u64,
    /// Different local variables that it sets, and that it touches at all; of those within it once it has ended.
    set: Distinct,
    touched: Distinct,
}

/// How many different variables were noted in a block. One that was noted before within the same open block is taken off
/// again there, so that each block that ends knows its own number without a list of them.
#[derive(Clone, Copy, Default)]
struct Distinct(i64);

#[derive(Clone, Copy, Default)]
struct Local {
    /// The last instruction that set it, and that touched it; 0 for none.
    set: u32,
    touched: u32,
    /// The last block that touched it.
    block: u64,
}

impl Meter {
    /// Measures a function of this type.
    ///
    /// # Errors
    /// The code cannot be read.
    pub(super) fn measure(
        &mut self,
        body: &FunctionBody<'_>,
        shape: Shape,
        context: &impl Context,
        bounds: &ComponentBounds,
    ) -> Result<ComponentBounds> {
        let mut found = ComponentBounds::NOTHING;
        found.function_bytes = u64::try_from(body.range().len()).unwrap_or(u64::MAX);
        let mut declared = body.get_locals_reader()?;
        let mut locals = shape.params;
        for _ in 0..declared.get_count() {
            let (count, _) = declared.read()?;
            locals = locals.saturating_add(count.into());
        }
        found.locals = locals;
        if bounds.get(ComponentBound::FunctionBytes) < found.function_bytes
            || bounds.get(ComponentBound::Locals) < locals
        {
            return Ok(found);
        }
        self.locals.clear();
        self.locals.resize(usize::try_from(locals).unwrap_or(usize::MAX), Local::default());
        self.frames.clear();
        self.measure_code(body, shape, context, &mut found)?;
        found.local_blocks = self.locals.iter().map(|local| local.block).fold(0, u64::saturating_add);
        Ok(found)
    }

    fn measure_code(
        &mut self,
        body: &FunctionBody<'_>,
        shape: Shape,
        context: &impl Context,
        found: &mut ComponentBounds,
    ) -> Result<()> {
        let mut cost = Cost { now: 1, values: shape.sum(), blocks: 1, loops: 0, indirect: 0 };
        self.open(cost.now, false, shape.results);
        let mut code = body.get_operators_reader()?;
        while !code.eof() {
            cost.now = cost.now.saturating_add(1);
            cost.value(1);
            let operator = code.read()?;
            self.structure(&operator, context, &mut cost);
            self.branches(&operator, shape, &mut cost)?;
            self.others(&operator, context, &mut cost);
            found.loop_depth = found.loop_depth.max(cost.loops);
            found.block_depth = found.block_depth.max(u64::try_from(self.frames.len()).unwrap_or(u64::MAX));
        }
        found.function_values = cost.values;
        Ok(())
    }

    /// What opens and ends blocks.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others leave the blocks as they are")]
    fn structure(&mut self, operator: &Operator<'_>, context: &impl Context, cost: &mut Cost) {
        match operator {
            Operator::Block { blockty } | Operator::If { blockty } | Operator::Try { blockty } => {
                let block = block_shape(*blockty, context);
                cost.value(block.sum());
                cost.block(3);
                self.open(cost.now, false, block.results);
            }
            Operator::TryTable { try_table } => {
                let block = block_shape(try_table.ty, context);
                cost.value(block.sum());
                cost.block(3);
                for catch in &try_table.catches {
                    let (wasmparser::Catch::One { label, .. }
                    | wasmparser::Catch::OneRef { label, .. }
                    | wasmparser::Catch::All { label }
                    | wasmparser::Catch::AllRef { label }) = *catch;
                    cost.value(self.branch(label));
                }
                self.open(cost.now, false, block.results);
            }
            Operator::Loop { blockty } => {
                let block = block_shape(*blockty, context);
                cost.value(block.sum());
                // One more to check whether the loop's time is over.
                cost.block(4);
                cost.loops = cost.loops.saturating_add(1);
                self.open(cost.now, true, block.params);
            }
            Operator::Else | Operator::Catch { .. } | Operator::CatchAll => cost.block(1),
            Operator::End | Operator::Delegate { .. } => {
                cost.block(1);
                if let Some((was_loop, merged)) = self.close(cost.loops) {
                    cost.loops = cost.loops.saturating_sub(was_loop.into());
                    cost.value(merged);
                }
            }
            _ => {}
        }
    }

    /// What goes on somewhere else.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others go on behind them")]
    fn branches(&mut self, operator: &Operator<'_>, shape: Shape, cost: &mut Cost) -> Result<()> {
        match operator {
            Operator::Br { relative_depth }
            | Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => {
                cost.block(1);
                cost.value(self.branch(*relative_depth));
            }
            Operator::BrTable { targets } => {
                cost.block(u64::from(targets.len()).saturating_add(2));
                cost.value(self.branch(targets.default()));
                for target in targets.targets() {
                    cost.value(self.branch(target?).saturating_add(1));
                }
            }
            Operator::Return | Operator::Unreachable => {
                cost.block(1);
                cost.value(shape.results);
            }
            _ => {}
        }
        Ok(())
    }

    /// Variables, calls, and what becomes many instructions of the machine's.
    #[expect(clippy::wildcard_enum_match_arm, reason = "of some six hundred instructions most pass on no more values")]
    fn others(&mut self, operator: &Operator<'_>, context: &impl Context, cost: &mut Cost) {
        match operator {
            Operator::LocalGet { local_index } => self.touch(*local_index, cost.now, cost.blocks),
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                self.touch(*local_index, cost.now, cost.blocks);
                self.set(*local_index, cost.now);
            }
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                cost.value(passed(context.function_at(*function_index)));
            }
            Operator::CallIndirect { type_index, .. }
            | Operator::ReturnCallIndirect { type_index, .. }
            | Operator::CallRef { type_index }
            | Operator::ReturnCallRef { type_index } => {
                cost.indirect = cost.indirect.saturating_add(1);
                cost.block(6);
                cost.value(INDIRECT.saturating_mul(1 + cost.indirect / INDIRECT_TOGETHER));
                cost.value(passed(context.type_at(*type_index)));
            }
            Operator::MemoryCopy { .. }
            | Operator::MemoryFill { .. }
            | Operator::MemoryInit { .. }
            | Operator::MemoryGrow { .. }
            | Operator::DataDrop { .. }
            | Operator::TableGet { .. }
            | Operator::TableSet { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. }
            | Operator::TableFill { .. }
            | Operator::TableGrow { .. }
            | Operator::ElemDrop { .. } => cost.value(LARGE),
            _ => {}
        }
    }

    fn open(&mut self, begin: u32, is_loop: bool, arity: u64) {
        let (set, touched) = (Distinct::default(), Distinct::default());
        self.frames.push(Frame { begin, is_loop, arity, branches: 1, set, touched });
    }

    /// Ends the innermost block, which lies in so many loops: whether it was one, and how many values may come together at
    /// its label.
    fn close(&mut self, loops: u64) -> Option<(bool, u64)> {
        let frame = self.frames.pop()?;
        if let Some(outer) = self.frames.last_mut() {
            outer.set.0 = outer.set.0.saturating_add(frame.set.0);
            outer.touched.0 = outer.touched.0.saturating_add(frame.touched.0);
        }
        // What comes back to a loop's begin is not known when its code is read, so that each variable may differ there.
        let (Distinct(differing), times) = if frame.is_loop {
            (frame.touched, frame.branches.saturating_add(loops.saturating_mul(LOOP)))
        } else {
            (frame.set, frame.branches)
        };
        let merged = u64::try_from(differing).unwrap_or_default().saturating_add(frame.arity);
        Some((frame.is_loop, merged.saturating_mul(times)))
    }

    /// Notes a branch to a label, and returns how many values it passes.
    fn branch(&mut self, depth: u32) -> u64 {
        let place = usize::try_from(depth).ok().and_then(|depth| self.frames.len().checked_sub(depth)?.checked_sub(1));
        match place.and_then(|place| self.frames.get_mut(place)) {
            Some(frame) => {
                frame.branches = frame.branches.saturating_add(1);
                frame.arity
            }
            None => 0,
        }
    }

    fn touch(&mut self, local: u32, now: u32, block: u64) {
        let Some(local) = usize::try_from(local).ok().and_then(|local| self.locals.get_mut(local)) else { return };
        local.block = block;
        let before = std::mem::replace(&mut local.touched, now);
        note(&mut self.frames, before, |frame| &mut frame.touched);
    }

    fn set(&mut self, local: u32, now: u32) {
        let Some(local) = usize::try_from(local).ok().and_then(|local| self.locals.get_mut(local)) else { return };
        let before = std::mem::replace(&mut local.set, now);
        note(&mut self.frames, before, |frame| &mut frame.set);
    }
}

/// Counts a variable in the innermost block, and takes it off in the innermost open one that has counted it `before`.
fn note(frames: &mut [Frame], before: u32, which: impl Fn(&mut Frame) -> &mut Distinct) {
    if let Some(frame) = frames.last_mut() {
        let Distinct(count) = which(frame);
        *count = count.saturating_add(1);
    }
    if before > 0 {
        let containing = frames.partition_point(|frame| frame.begin <= before);
        if let Some(frame) = containing.checked_sub(1).and_then(|place| frames.get_mut(place)) {
            let Distinct(count) = which(frame);
            *count = count.saturating_sub(1);
        }
    }
}

/// What a call passes. What does not fit into registers goes through memory, and costs several times as much.
const fn passed(shape: Shape) -> u64 {
    shape.sum().saturating_add(shape.sum().saturating_sub(REGISTERS).saturating_mul(MEMORY))
}

fn block_shape(block: BlockType, context: &impl Context) -> Shape {
    match block {
        BlockType::Empty => Shape::default(),
        BlockType::Type(_) => Shape { params: 0, results: 1 },
        BlockType::FuncType(index) => context.type_at(index),
    }
}
