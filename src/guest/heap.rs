//! An allocator for records: small blocks are handed out again by size, without looking for a place.
//!
//! A user has some thirty short texts and a call returns thousands of users, so that the general allocator took an eighth
//! of the component's time. Blocks of up to [`SMALL`] bytes are cut from pieces of [`PIECE`] bytes and, once freed, wait in
//! a list for the next block of their size; they never go back to the general allocator. Everything else is left to it.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr;

/// Sizes are rounded up to this, which is also the largest alignment of a small block.
const STEP: usize = 8;

/// The largest small block in bytes.
const SMALL: usize = 256;

/// What small blocks are cut from, in bytes.
const PIECE: usize = 32 * 1024;

/// Small blocks in front of a general allocator.
pub(super) struct Heap<A> {
    general: A,
    small: UnsafeCell<Small>,
}

struct Small {
    /// For each size the block that was freed last; its first bytes lead to the one before.
    free: [*mut u8; SMALL / STEP],
    /// What is left of the piece that blocks are cut from.
    rest: *mut u8,
    rest_bytes: usize,
}

// SAFETY: a wasm instance without threads has one, and the tests give each thread a heap of its own.
unsafe impl<A> Sync for Heap<A> {}

/// The list that a block belongs to; none where it is not small.
const fn list_of(layout: Layout) -> Option<usize> {
    if layout.size() == 0 || layout.size() > SMALL || layout.align() > STEP {
        return None;
    }
    Some((layout.size() - 1) / STEP)
}

impl<A: GlobalAlloc> Heap<A> {
    /// A heap in front of `general`.
    pub(super) const fn new(general: A) -> Self {
        let small = Small { free: [ptr::null_mut(); SMALL / STEP], rest: ptr::null_mut(), rest_bytes: 0 };
        Self { general, small: UnsafeCell::new(small) }
    }

    /// Cuts a block off. What is left of a piece that is too short is given up: less than a hundredth of it.
    fn cut(&self, small: &mut Small, bytes: usize) -> *mut u8 {
        if small.rest_bytes < bytes {
            // SAFETY: the size is not zero, and the alignment a power of two.
            let piece = unsafe { self.general.alloc(Layout::from_size_align_unchecked(PIECE, STEP)) };
            if piece.is_null() {
                return piece;
            }
            (small.rest, small.rest_bytes) = (piece, PIECE);
        }
        let block = small.rest;
        small.rest = block.wrapping_add(bytes);
        small.rest_bytes -= bytes;
        block
    }
}

// SAFETY: a small block is handed out by one list or cut off once, with a size that is rounded up to `STEP` from a piece
// that is aligned to it; who frees it names the same layout, and so the same list. All else is the general allocator's.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Heap<A> {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(list) = list_of(layout) else {
            // SAFETY: as the caller promises.
            return unsafe { self.general.alloc(layout) };
        };
        // SAFETY: nobody else holds it: there is one thread, and nothing in here allocates small blocks.
        let small = unsafe { &mut *self.small.get() };
        let Some(first) = small.free.get_mut(list) else { return ptr::null_mut() };
        if first.is_null() {
            return self.cut(small, (list + 1) * STEP);
        }
        let block = *first;
        // SAFETY: a block in a list begins with the address of the next, written when it was freed.
        *first = unsafe { block.cast::<*mut u8>().read() };
        block
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(list) = list_of(layout) else {
            // SAFETY: as the caller promises; the block came from there, since the layout is the same.
            return unsafe { self.general.dealloc(block, layout) };
        };
        // SAFETY: as in `alloc`.
        let small = unsafe { &mut *self.small.get() };
        if let Some(first) = small.free.get_mut(list) {
            // SAFETY: the block is ours again, aligned to a pointer and large enough for one.
            unsafe { block.cast::<*mut u8>().write(*first) };
            *first = block;
        }
    }

    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the caller promises that the new size is not zero and no overflow.
        let new = unsafe { Layout::from_size_align_unchecked(bytes, layout.align()) };
        match (list_of(layout), list_of(new)) {
            // SAFETY: as the caller promises; both are the general allocator's.
            (None, None) => unsafe { self.general.realloc(block, layout, bytes) },
            (old, list) if old == list => block,
            _ => {
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;
    use std::alloc::System;

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
            self.block.align_offset(self.layout.align()) == 0 && held.iter().all(|byte| *byte == self.fill)
        }
    }

    proptest! {
        #[test]
        fn blocks_are_aligned_and_never_overlap(
            steps in proptest::collection::vec((0..4_u8, 1..400_usize, 0..6_u32, any::<prop::sample::Index>()), 0..600),
        ) {
            let heap = Heap::new(System);
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
