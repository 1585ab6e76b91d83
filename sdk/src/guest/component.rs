//! What a component without `std` must bring along: an allocator, a panic handler and `cabi_realloc`.
#![expect(unreachable_pub, reason = "exported to the host, not to Rust")]

use alloc::alloc::{Layout, alloc, handle_alloc_error, realloc};

use super::heap::Heap;

#[global_allocator]
static ALLOCATOR: Heap<dlmalloc::GlobalDlmalloc> = Heap::new(dlmalloc::GlobalDlmalloc);

/// Ends the instance. A core should be written so that no input leads here. A host serves the next call from a fresh
/// instance.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Allocates memory for what the host passes in. Recent wit-bindgen leaves this to wasi-libc, which is not linked here.
///
/// # Safety
/// Called by the host through the canonical ABI only: `old_ptr` and `old_len` are those of an earlier call, or zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cabi_realloc(old_ptr: *mut u8, old_len: usize, align: usize, new_len: usize) -> *mut u8 {
    let Ok(layout) = Layout::from_size_align(if old_len == 0 { new_len } else { old_len }, align) else {
        core::arch::wasm32::unreachable()
    };
    let ptr = if old_len == 0 {
        if new_len == 0 {
            return core::ptr::without_provenance_mut(align);
        }
        // SAFETY: the size is not zero.
        unsafe { alloc(layout) }
    } else {
        // SAFETY: the pointer came from here with this layout, and the canonical ABI never shrinks to zero.
        unsafe { realloc(old_ptr, layout, new_len) }
    };
    if ptr.is_null() {
        handle_alloc_error(layout)
    }
    ptr
}
