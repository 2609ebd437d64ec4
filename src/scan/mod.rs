//! What is found in the bytes of finished streams.
