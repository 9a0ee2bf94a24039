//! Returns free memory to the system. The only crate with unsafe code: no safe
//! library has this function.

/// Returns the free memory of the heap to the system, which takes a millisecond
/// for each 20 MiB. glibc by itself keeps what lies between two allocations
/// that are still in use.
#[expect(unsafe_code, reason = "malloc_trim is a C function")]
pub fn trim() {
    // SAFETY: it takes no pointers, and locks what it changes (malloc_trim(3),
    // "MT-Safe").
    unsafe {
        libc::malloc_trim(0);
    }
}
