"""Small stand-ins for the parts of every family, so that these tests depend on no real layer or optimizer."""
