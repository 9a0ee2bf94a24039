//! Returns free memory to the system. The only crate of this workspace with
//! unsafe code: no safe library calls `malloc_trim`.

/// Returns the free memory of the heap to the system. By itself, glibc keeps
/// free memory between two allocations that are in use.
#[expect(unsafe_code, reason = "malloc_trim is a C function")]
pub fn trim() {
    // SAFETY: it takes no pointers, and locks what it changes (malloc_trim(3),
    // "MT-Safe").
    unsafe {
        libc::malloc_trim(0);
    }
}
