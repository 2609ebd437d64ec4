//! The whole way from packets to the page.
