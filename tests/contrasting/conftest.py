"""Audits of two score files on one benchmark, made once."""

import pytest


@pytest.fixture(scope="session")
def bench_of_two(two_matchers):
    """Give a benchmark with two score files, and the entries of both."""
    return two_matchers(72)


@pytest.fixture(scope="session")
def whole_audit(bench_of_two, audit_of):
    """Give the folder of an audit; nobody may change it."""
    return audit_of(*bench_of_two)
