//! The one integration binary: every test that needs more than a pure function.

/// What needs another program than the gateway.
#[cfg(test)]
mod outside {
    mod openid;
}
