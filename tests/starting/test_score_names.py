"""Whose photographs a score file names: said, guessed, or left to a person."""

import pytest

from evenmatch.errors import RequestError
from evenmatch.starting.score_names import VendorScores, guessed, looks_like, names_in


def ids(people, shots, form):
    return [form.format(who=who, shot=shot) for who in range(people) for shot in range(shots)]


@pytest.mark.parametrize(
    "form", ["id{who}_{shot}", "id{who}-{shot}.jpg", "set/id{who}/{shot}.png", "a_b-{who}_{shot}"]
)
def test_ids_of_one_form_carry_people(form):
    guess = guessed(ids(10, 2, form))
    assert len(set(guess.people.values())) == 10


@pytest.mark.parametrize(
    "names",
    [
        ids(10, 2, "{who}{shot}"),  # no mark between person and photograph
        ids(9, 2, "id{who}_{shot}"),  # few people
        ids(2, 50, "{who}_{shot}"),  # rather two groups
        ids(30, 1, "img_{who}{shot}"),  # one "person" behind all of them
        ids(12, 1, "id{who}_{shot}"),  # nobody twice
        [*ids(10, 2, "id{who}_{shot}"), "other"],  # one id of another form
        [],
    ],
)
def test_no_guess_is_made_where_it_is_not_obvious(names):
    assert guessed(names) is None


def test_two_lines_that_disagree_about_a_photograph_are_refused(tmp_path):
    path = tmp_path / "dev.txt"
    path.write_text("p1 m1 p1 x 0.5\np1 m1 p2 x 0.5\n")
    with pytest.raises(RequestError, match=r"line 2: 'x' is 'p2' here and 'p1' above"):
        names_in(VendorScores(path, "bob-5col"))
    path.write_text("p1 m1 p1\n")
    with pytest.raises(RequestError, match="line 1: 3 columns"):
        names_in(VendorScores(path, "bob-4col"))


@pytest.mark.parametrize(
    ("name", "heading", "form"),
    [
        ("a.npy", "", "matrix"),
        ("a.parquet", "", "parquet"),
        ("a.csv", "fold,p1,p2,label", "bfw"),
        ("a.csv", "probe_id,reference_id,score", "csv"),
    ],
)
def test_a_format_is_known_by_ending_or_heading(tmp_path, name, heading, form):
    (tmp_path / name).write_text(heading)
    assert looks_like(tmp_path / name) == form
