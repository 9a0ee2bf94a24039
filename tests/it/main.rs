//! The daemon as others see it: each module tells one side of it.

