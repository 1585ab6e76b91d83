//! An allocator for records. It cuts small blocks one after another from pieces of memory, and reuses a piece when all
//! its blocks are freed.
//!
//! A user has some thirty short texts, and a call returns thousands of users that are freed together. With the general
//! allocator that took an eighth of the component's time. Lists of freed blocks by size took half of that, mostly
//! waiting for memory: the next free block may be anywhere, while the next bytes of a piece are close by.
//!
//! A long-lived block keeps its whole piece. That is cheap: what a provider remembers between calls is either little,
//! or in large blocks.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr;

/// Sizes are rounded up to this, which is also the largest alignment of a small block.
const STEP: usize = 8;

/// The largest small block in bytes.
const SMALL: usize = 512;

/// The size and alignment of the pieces that small blocks are cut from. The address of a block gives its piece.
const PIECE: usize = 32 * 1024;

/// Pieces that are allocated at once.
const PIECES: usize = 8;

/// Small blocks in front of a general allocator.
pub(super) struct Heap<A> {
    general: A,
    small: UnsafeCell<Small>,
}

struct Small {
    /// Where the next block is cut off, and where the piece ends.
    next: *mut u8,
    end: *mut u8,
    /// The pieces without blocks.
    free: *mut Head,
}

/// The header of a piece.
#[repr(C, align(8))]
struct Head {
    /// Blocks that are in use; one more while blocks are cut from the piece.
    blocks: usize,
    /// The next piece without blocks.
    next: *mut Self,
}

// SAFETY: a wasm instance without threads has one, and each test has a heap of its own.
unsafe impl<A> Sync for Heap<A> {}

/// The bytes that a small block takes; `None` if the block belongs to the general allocator.
const fn small(layout: Layout) -> Option<usize> {
    if layout.size() > SMALL || layout.align() > STEP { None } else { Some(layout.size().next_multiple_of(STEP)) }
}

/// The piece that a block was cut from.
fn piece_of(block: *mut u8) -> *mut Head {
    block.map_addr(|address| address & !(PIECE - 1)).cast()
}

impl Small {
    /// Drops one of the reasons to keep a piece.
    ///
    /// # Safety
    /// The piece has one, which is not used any more.
    unsafe fn release(&mut self, piece: *mut Head) {
        // SAFETY: a piece that is in use begins with its head, and nobody else looks at it.
        let head = unsafe { &mut *piece };
        head.blocks -= 1;
        if head.blocks == 0 {
            head.next = self.free;
            self.free = piece;
        }
    }
}

impl<A: GlobalAlloc> Heap<A> {
    /// A heap in front of `general`.
    pub(super) const fn new(general: A) -> Self {
        let small = Small { next: ptr::null_mut(), end: ptr::null_mut(), free: ptr::null_mut() };
        Self { general, small: UnsafeCell::new(small) }
    }

    /// Begins another piece. Returns whether there is one.
    #[cold]
    fn begin_piece(&self, small: &mut Small) -> bool {
        if small.free.is_null() {
            // SAFETY: the size is not zero, and the alignment a power of two.
            let pieces = unsafe { self.general.alloc(Layout::from_size_align_unchecked(PIECE * PIECES, PIECE)) };
            if pieces.is_null() {
                return false;
            }
            for index in 0..PIECES {
                let piece = pieces.wrapping_add(index * PIECE).cast::<Head>();
                // SAFETY: the memory is ours, aligned, and large enough.
                unsafe { piece.write(Head { blocks: 0, next: small.free }) };
                small.free = piece;
            }
        }
        if !small.end.is_null() {
            // SAFETY: blocks were cut from it until now.
            unsafe { small.release(piece_of(small.end.wrapping_sub(1))) };
        }
        let piece = small.free;
        // SAFETY: a free piece begins with its head.
        let head = unsafe { &mut *piece };
        small.free = head.next;
        head.blocks = 1;
        small.next = piece.wrapping_add(1).cast();
        small.end = piece.cast::<u8>().wrapping_add(PIECE);
        true
    }
}

// SAFETY: a small block is cut off once, with a size that is rounded up to `STEP` from a piece that is aligned to it,
// and the piece is not used again before each of its blocks was freed; a block is freed with the same layout, which
// distinguishes a small block from one of the general allocator's.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Heap<A> {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(bytes) = small(layout) else {
            // SAFETY: as the caller promises.
            return unsafe { self.general.alloc(layout) };
        };
        // SAFETY: nobody else holds it: there is one thread, and nothing in here allocates small blocks.
        let small = unsafe { &mut *self.small.get() };
        if small.end.addr() - small.next.addr() < bytes && !self.begin_piece(small) {
            return ptr::null_mut();
        }
        let block = small.next;
        small.next = block.wrapping_add(bytes);
        // SAFETY: the piece that blocks are cut from begins with its head.
        unsafe { (*piece_of(block)).blocks += 1 };
        block
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(bytes) = small(layout) else {
            // SAFETY: as the caller promises; the block came from there, since the layout is the same.
            return unsafe { self.general.dealloc(block, layout) };
        };
        // SAFETY: as in `alloc`.
        let small = unsafe { &mut *self.small.get() };
        // The last block is reused for the next.
        if block.wrapping_add(bytes) == small.next {
            small.next = block;
        }
        // SAFETY: the block was a reason to keep its piece.
        unsafe { small.release(piece_of(block)) };
    }

    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the caller promises that the new size is not zero and no overflow.
        let new = unsafe { Layout::from_size_align_unchecked(bytes, layout.align()) };
        match (small(layout), small(new)) {
            // SAFETY: as the caller promises; both are the general allocator's.
            (None, None) => return unsafe { self.general.realloc(block, layout, bytes) },
            (Some(old), Some(new)) => {
                // SAFETY: as in `alloc`.
                let small = unsafe { &mut *self.small.get() };
                let is_last = block.wrapping_add(old) == small.next;
                if new <= old || (is_last && small.end.addr() - block.addr() >= new) {
                    if is_last {
                        small.next = block.wrapping_add(new);
                    }
                    return block;
                }
            }
            (None, Some(_)) | (Some(_), None) => {}
        }
        // SAFETY: the old block is the caller's, the new one is ours, and the shorter of both sizes fits into both.
        unsafe {
            let moved = self.alloc(new);
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size().min(bytes));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;
    use std::alloc::System;

    /// The system's allocator with a record of its blocks: what a heap keeps is freed with it.
    #[derive(Default)]
    struct Lent(UnsafeCell<Vec<(*mut u8, Layout)>>);

    // SAFETY: the system's allocator does the work; the list is touched by one call at a time, since a heap has one thread.
    unsafe impl GlobalAlloc for Lent {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: as the caller promises.
            let block = unsafe { System.alloc(layout) };
            // SAFETY: as above.
            unsafe { &mut *self.0.get() }.push((block, layout));
            block
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            // SAFETY: as above.
            let lent = unsafe { &mut *self.0.get() };
            let place = lent.iter().position(|one| *one == (block, layout)).expect("it was lent with this layout");
            lent.swap_remove(place);
            // SAFETY: it came from there with this layout.
            unsafe { System.dealloc(block, layout) };
        }
    }

    impl Drop for Lent {
        fn drop(&mut self) {
            for (block, layout) in core::mem::take(self.0.get_mut()) {
                // SAFETY: it came from there with this layout, and the heap that used it is gone.
                unsafe { System.dealloc(block, layout) };
                // A test that failed already says more than a second failure.
                assert!(layout.align() == PIECE || std::thread::panicking(), "only pieces are left: {layout:?}");
            }
        }
    }

    /// A block that is held: its place, its layout and the byte that fills it.
    struct Held {
        block: *mut u8,
        layout: Layout,
        fill: u8,
    }

    impl Held {
        fn write(&self) {
            // SAFETY: the block is as large as its layout says.
            unsafe { ptr::write_bytes(self.block, self.fill, self.layout.size()) };
        }

        fn is_whole(&self, bytes: usize) -> bool {
            // SAFETY: as above, and the bytes were written.
            let held = unsafe { core::slice::from_raw_parts(self.block, bytes) };
            self.block.align_offset(self.layout.align()) == 0 && held == alloc::vec![self.fill; bytes]
        }
    }

    /// Fewer under Miri, which needs seconds to draw some hundred steps.
    const STEPS: usize = if cfg!(miri) { 80 } else { 600 };

    proptest! {
        #[test]
        fn blocks_are_aligned_and_never_overlap(
            steps in proptest::collection::vec((0..4_u8, 1..400_usize, 0..6_u32, any::<prop::sample::Index>()), 0..STEPS),
        ) {
            let heap = Heap::new(Lent::default());
            let mut all: Vec<Held> = Vec::new();
            for (fill, (step, bytes, align, which)) in (0..=250).cycle().zip(steps) {
                match step {
                    0 | 1 => {
                        let layout = Layout::from_size_align(bytes, 1 << align).unwrap();
                        // SAFETY: the size is not zero.
                        let held = Held { block: unsafe { heap.alloc(layout) }, layout, fill };
                        held.write();
                        all.push(held);
                    }
                    2 if !all.is_empty() => {
                        let held = all.swap_remove(which.index(all.len()));
                        prop_assert!(held.is_whole(held.layout.size()));
                        // SAFETY: it came from this heap with this layout.
                        unsafe { heap.dealloc(held.block, held.layout) };
                    }
                    _ if !all.is_empty() => {
                        let index = which.index(all.len());
                        let old = all[index].layout;
                        // SAFETY: as above.
                        all[index].block = unsafe { heap.realloc(all[index].block, old, bytes) };
                        all[index].layout = Layout::from_size_align(bytes, old.align()).unwrap();
                        prop_assert!(all[index].is_whole(bytes.min(old.size())));
                        all[index].write();
                    }
                    _ => {}
                }
            }
            for held in all {
                prop_assert!(held.is_whole(held.layout.size()));
                // SAFETY: as above.
                unsafe { heap.dealloc(held.block, held.layout) };
            }
        }
    }
}
