"""Which addresses and arguments hold secrets, and what is shown of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenmatch.errors import OutsideError
from evenmatch.withheld import fit_to_show, has_secret, secret_argument, without_secrets

PLANTED = "hunter2-hunter2"
WITH = [
    f"postgresql://ada:{PLANTED}@db.example.org/audits",
    f"postgresql://db.example.org/audits?user=ada&password={PLANTED}",
    f"postgresql:///audits?sslmode=require&sslpassword={PLANTED}",
    f"mysql+pymysql://db.example.org/audits?passwd={PLANTED}",
    f"mssql+pyodbc:///?odbc_connect=DRIVER%3D%7BODBC%7D%3BUID%3Dada%3BPWD%3D{PLANTED}",
    f"mssql+pyodbc:///?odbc_connect=PWD={PLANTED}",
    f"https://{PLANTED}@mlflow.example.org",
    f"https://ada:{PLANTED}@mlflow.example.org/api",
    f"https://mlflow.example.org/?api_key={PLANTED}",
    f"https://bucket.example.org/x?X-Amz-Signature={PLANTED}",
    f"https://account.example.org/x?sv=2024&sig={PLANTED}",
    f"s3://key:{PLANTED}@bucket/shards",
    f"ftp://ada:pass/{PLANTED}@example.org/with-a-slash-in-it",
    f"https://example.org/x#token={PLANTED}",
]
WITHOUT = [
    "sqlite:///mlflow.db",
    "sqlite:////home/ada@lab/mlflow.db",
    "mlruns",
    "http://127.0.0.1:5000",
    "https://mlflow.example.org/team/key/x",
    "postgresql://reader@db.example.org:5432/audits?sslmode=verify-full&sslkey_file=a.pem",
    "databricks://profile",
    "s3://bucket/shards",
    "https://example.org/list?page=2&tokenizer=bpe",
]


@pytest.mark.parametrize("address", WITH)
def test_a_secret_in_an_address_is_known_and_not_shown(address):
    assert has_secret(address)
    assert PLANTED not in without_secrets(f"MLflow at {address} is away; try again.")


@pytest.mark.parametrize("address", WITHOUT)
def test_an_address_without_one_is_left_as_it_is(address):
    assert not has_secret(address)
    if "@db" not in address and "ada@" not in address:
        assert without_secrets(f"at {address} now") == f"at {address} now"


@pytest.mark.parametrize("address", WITH)
def test_no_error_of_this_program_shows_one(address):
    assert PLANTED not in str(OutsideError(f"{address}: cannot be reached; try again later."))


@given(st.text())
def test_hiding_is_done_once(text):
    assert without_secrets(without_secrets(text)) == without_secrets(text)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("prog", "--api-key=abc"), "--api-key"),
        (("prog", "--api_key", "abc"), "--api_key"),
        (("prog", "-password", "abc"), "-password"),
        (("prog", "VENDOR_TOKEN=abc"), "VENDOR_TOKEN"),
        (("prog", "--vendor-secret", "abc", "--fast"), "--vendor-secret"),
        (("prog", "--token"), None),
        (("prog", "--ask-password", "--fast"), None),
        (("prog", "--tokenizer", "bpe"), None),
        (("prog", "--token-file", "t.txt"), None),
        (("token", "password"), None),
        ((), None),
    ],
)
def test_an_argument_that_hands_over_a_secret_is_named(arguments, named):
    assert secret_argument(arguments) == named


def test_a_value_in_a_message_shows_no_secret_and_has_an_end():
    found = {"name": "x", "token": PLANTED, "at": [f"https://{PLANTED}@example.org"]}
    assert fit_to_show(found) == {"name": "x", "token": "***", "at": ["https://***@example.org"]}
    assert fit_to_show([[[["deep"]]]]) == [[["..."]]]
    assert len(fit_to_show(list(range(10_000)))) < 100
